"""Makes a report on a feed: one HTML page without scripts or external resources."""
