"""Transports: each fetches the pages of a mirror, in the mirror's own form, by path."""
