"""How fast a host is asked, and when it is left alone. Pure."""
