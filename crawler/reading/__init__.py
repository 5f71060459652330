"""Single pages read at the terminal: to try a rule, and to report a page that is read wrongly."""
