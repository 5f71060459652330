"""The pace of requests to a host, and how long to wait when it is busy. Pure."""
