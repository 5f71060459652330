"""The driver: fetches what the frontier asks for, and returns the results to it."""
