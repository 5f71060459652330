"""The pace of requests to a host, how long to wait when it is busy, and its redirects. Pure."""
