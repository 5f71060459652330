"""Exports feeds: to SQLite for queries, to Parquet for data frames."""
