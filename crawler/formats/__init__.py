"""Mirror formats: ``base`` is what every format offers, ``registry`` finds one by name."""
