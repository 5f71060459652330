"""What happens to an item, one verb each, in the order of ``ITEM_PIPELINES``."""
