"""The driver: fetches the frontier's targets and hands it the results."""
