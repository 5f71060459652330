"""Reads pages: a pure function of their bytes, and the processes that run it."""
