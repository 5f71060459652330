"""Examines a feed: coverage of keys, oddities, floors, and verification."""
