"""Reads single pages: to try a rule, or to report a page with a wrong record."""
