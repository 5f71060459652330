"""Exports of a feed: SQLite for queries, Parquet for data frames."""
