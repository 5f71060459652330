"""Reads single pages in the terminal: to try a rule, or to report a page that is read wrongly."""
