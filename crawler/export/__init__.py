"""Exports of a feed: SQLite for questions in SQL, Parquet for data frames."""
