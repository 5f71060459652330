"""Parses pages, in this process or in others."""
