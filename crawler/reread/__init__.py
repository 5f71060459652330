"""Reading a feed's pages again with today's readers, into a new feed."""
