"""A crawler for Markdown mirrors of the Epoch Times: from index pages to a JSON Lines feed."""

__version__ = "1.0.0"
