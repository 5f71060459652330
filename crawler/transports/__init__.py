"""The ways to reach a mirror: a page's bytes, however they come.

A *local* way reads in the process (``read``), a *remote* one asks by Scrapy requests
(``request``, then ``page`` of the response). All give a page in the mirror's own form.
"""
