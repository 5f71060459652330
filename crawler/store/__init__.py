"""The feed on disk: its files, its lock, and its state."""
