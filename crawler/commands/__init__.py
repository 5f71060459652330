"""The project's commands, in addition to Scrapy's."""
