"""Downloader middlewares: which requests are sent to a host, when, and how redirects are treated."""
