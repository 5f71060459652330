"""Transports: each fetches the pages of a mirror by path, as the mirror's Markdown files."""
