"""Settings: Scrapy's first, then the project's; each with the default and the reason."""

from __future__ import annotations

from crawler import __version__
from crawler.config.locations import feeds_directory
from crawler.terminal import open_streams

open_streams()

# -- Scrapy's ----------------------------------------------------------------------------

BOT_NAME = "epoch-mirror-crawler"
SPIDER_MODULES = ["crawler.spiders"]
COMMANDS_MODULE = "crawler.commands"

# default DEBUG, which prints every item whole
LOG_LEVEL = "INFO"
LOG_FORMATTER = "crawler.logformatter.BriefLogFormatter"  # default prints items it drops
# default off; the same line for the same event, whatever the locale
LOG_DATEFORMAT = "%Y-%m-%dT%H:%M:%S%z"

# default True; each is a door into the process that nobody here uses
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
# default True; no page here sets or needs a cookie
COOKIES_ENABLED = False
# default True; the address of one page is no business of another's host
REFERER_ENABLED = False
# default 0 (none): kept, and said here because archive pages lie up to 106 hops deep
DEPTH_LIMIT = 0
# default False
DOWNLOAD_VERIFY_CERTIFICATES = True
# default 1 GiB, which also bounds what an answer may unpack to; the largest of 132,101 real
# pages has 555,303 bytes
DOWNLOAD_MAXSIZE = 8 << 20
DOWNLOAD_WARNSIZE = 0  # default 32 MiB: above the limit
# default 180 s; a page of a few kilobytes that takes longer than this will not come
DOWNLOAD_TIMEOUT = 30
# default 2; with the pause before a retry (1, 2, 4 s) this outlasts a server's restart
RETRY_TIMES = 3
# default also 429 and 503: those park the whole host (crawler.middlewares.backoff)
RETRY_HTTP_CODES = [408, 500, 502, 504, 522, 524]
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"  # default ERROR; the frontier says what failed, once
# default False
ROBOTSTXT_OBEY = True
# default 16 and 8; the pace that suits the mirror's host takes their place (middlewares.pace)
CONCURRENT_REQUESTS = 16
CONCURRENT_REQUESTS_PER_DOMAIN = 16

# default: IPv4 only; a mirror may live at ::1 or at another IPv6 address
TWISTED_DNS_RESOLVER = "scrapy.resolver.CachingHostnameResolver"

# default: Scrapy's own, whose memory an answer with endless headers fills; and handlers for data, file,
# ftp and s3, through which no page of a mirror may be read
DOWNLOAD_HANDLERS = {
    "http": "crawler.transports.bounded.BoundedHandler",
    "https": "crawler.transports.bounded.BoundedHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}

# Scrapy's own components are named in the three settings ..._BASE, which its defaults mean nobody
# to change. They are, here: to switch one off by None imports it first, and what two of them stand
# on (aiohttp, tldextract) costs every run 0.4 s, a third of its start. What is not in a list here
# has nothing to do.

# From the engine to the network. Not of Scrapy's own: offsite and redirect (the guard does more),
# robots.txt (not as RFC 9309 reads it), passwords, cookies, a cache.
DOWNLOADER_MIDDLEWARES_BASE = {
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
    "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
    "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": 550,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590,
}
DOWNLOADER_MIDDLEWARES = {
    # first of all: nothing outside of the mirror goes any further
    "crawler.middlewares.offsite.OffsiteMiddleware": 50,
    "crawler.middlewares.robots.RobotsMiddleware": 100,
    # at Scrapy's place for it
    "crawler.middlewares.redirect.RedirectOutsideRun": 600,
    # at Scrapy's place for it; Scrapy's own passes by all_proxy
    "crawler.middlewares.proxy.ProxyMiddleware": 750,
    # last before the network: nothing that passed it waits elsewhere
    "crawler.middlewares.backoff.BackoffMiddleware": 800,
}

# default True; the report at the end says what counts (-s STATS_DUMP=True shows the rest)
STATS_DUMP = False
# Not of Scrapy's own: lines of statistics every minute (the progress extension says more), doors
# into the process, what only a kept queue or an adapted pace needs.
EXTENSIONS_BASE = {
    "scrapy.extensions.corestats.CoreStats": 0,
    "scrapy.extensions.logcount.LogCount": 0,
    "scrapy.extensions.memusage.MemoryUsage": 0,
    "scrapy.extensions.closespider.CloseSpider": 0,
}
EXTENSIONS = {
    # in place of Scrapy's own, whose failures nobody notices
    "crawler.extensions.feed_exports.FeedExports": 0,
    "crawler.extensions.stop_signal.StopSignal": 100,
    "crawler.extensions.last_item.LastItem": 150,
    "crawler.extensions.progress.Progress": 200,
    "crawler.extensions.run_report.RunReport": 300,
}
# default 100: Scrapy 2.19 starts so many tasks for every page, even for one without an item, a
# third of a crawl's CPU; the pipelines never wait, so nothing is gained by more than one
CONCURRENT_ITEMS = 1

# What an item goes through, in this order.
ITEM_PIPELINES = {
    "crawler.pipelines.deduplicate.DeduplicatePipeline": 100,
    "crawler.pipelines.canonicalize.CanonicalizePipeline": 200,
    "crawler.pipelines.check.CheckPipeline": 300,
    "crawler.pipelines.write.WritePipeline": 400,
}

# Not of Scrapy's own: the frontier gives every page once, knows no depth, and looks at the status itself.
SPIDER_MIDDLEWARES_BASE = {"scrapy.spidermiddlewares.start.StartSpiderMiddleware": 25}

# default ascii escapes; only for Scrapy's own exports (-O), the feed is always UTF-8
FEED_EXPORT_ENCODING = "utf-8"

# default "Scrapy/VERSION (+https://scrapy.org)"; names the project, and in OPERATOR who runs it
USER_AGENT = f"epoch-mirror-crawler/{__version__} (+https://example.org/epoch-mirror-crawler)"
ROBOTSTXT_USER_AGENT = "epoch-mirror-crawler"  # default: the whole of USER_AGENT

# -- the project's ---------------------------------------------------------------------------

# The file that describes the mirrors; None: mirrors.toml beside scrapy.cfg, or the package's own
# where the package is installed.
MIRRORS_FILE = None
# The directory of the feeds that `-a feed=` does not name, whatever the working directory: feeds
# beside scrapy.cfg, or in the user's data directory where the package is installed.
FEEDS_DIRECTORY = str(feeds_directory())
# Listings that hold less than this share of the last complete run's entries: the mirror is unusable.
MIRROR_SHRUNK_SHARE = 0.9

# How to reach who runs this crawler, a mail or web address: it goes into the user agent.
OPERATOR = ""

# What one host is asked at most; None: what suits it (GitHub: 2 at a time, 4,500 an hour; other
# public hosts: 2 at a time, one a second; loopback: 16 at a time).
PACE_CONCURRENCY = None  # requests at a time
PACE_DELAY = None  # seconds between two requests

# A host that answers 429 or 503, in seconds: the first wait where it names none (doubled each
# time), the longest single wait, and what all waits of a run may take; past it the run ends (75).
PARK_FIRST_WAIT = 60
PARK_MAX_WAIT = 1800
PARK_BUDGET = 3600
RETRY_FIRST_WAIT = 1  # seconds before the first retry of a page, doubled with each

# Processes that read articles beside the crawler's own, where a mirror on this machine (path, git)
# has many to read; None: one for each processor that may be used, at most 8, fewer where memory or
# processes are limited (cgroups, ulimit), none where there is but one processor.
READERS = None

# Where clones of repositories are kept; None: the user's cache directory.
CACHE_DIRECTORY = None

# The browser way: Chromium's path or name ("": the system's), pages rendered at once, pages
# after which a browser context is closed for a fresh one, seconds that one page may take, and
# hosts beside the mirror's own (and GitHub's) that its scripts come from.
BROWSER_EXECUTABLE = ""
BROWSER_CONTEXTS = 1
BROWSER_PAGES_PER_CONTEXT = 100
BROWSER_PAGE_SECONDS = 30
BROWSER_SCRIPT_HOSTS: list[str] = []
