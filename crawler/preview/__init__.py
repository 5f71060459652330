"""Previews the records of single pages: to try a rule, or to report a page that is read wrongly."""
