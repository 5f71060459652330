"""Mirror formats: where pages lie and how they are read."""
