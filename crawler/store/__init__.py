"""The feed on disk: its files, its lock, its state."""
