"""A report on a feed: one HTML page that needs no network, script or library."""
