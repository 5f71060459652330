"""Decides which pages to fetch, and processes the results."""
