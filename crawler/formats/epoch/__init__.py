"""Pure readers: the text of a page in, a value out. No Scrapy, no network, no clock."""
