"""What watches a run: the signal that stops it, its progress, its report."""
