"""One run over one feed: what its components share, how it ended."""
