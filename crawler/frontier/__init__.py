"""What to read next, and what came of it."""
