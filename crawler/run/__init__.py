"""One run over one feed: the state that its components share, and how it ended."""
