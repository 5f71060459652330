"""Reading pages: a pure function of their bytes, and processes in which it runs."""
