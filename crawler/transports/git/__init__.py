"""Pages from a clone of the mirror's repository."""
