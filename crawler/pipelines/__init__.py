"""Item pipelines: each module does one thing; ``ITEM_PIPELINES`` sets their order."""
