"""Settings of Scrapy and of the project.

Each setting that differs from Scrapy's default comes with that default and the reason. The limits of
concurrent requests are not set here: they follow from the host's pace (``crawler.politeness.pace``).
"""

from __future__ import annotations

from crawler import __version__
from crawler.config.locations import feeds_directory
from crawler.terminal import open_streams

open_streams()

# -- Scrapy's ----------------------------------------------------------------------------

BOT_NAME = "epoch-mirror-crawler"
SPIDER_MODULES = ["crawler.spiders"]
COMMANDS_MODULE = "crawler.commands"

# default DEBUG, which prints every item in full
LOG_LEVEL = "INFO"
LOG_FORMATTER = "crawler.logformatter.BriefLogFormatter"  # the default prints dropped items
LOG_VERSIONS: list[str] = []  # default: eleven lines in every log; `scrapy version -v` has them
# default "%Y-%m-%d %H:%M:%S"; with the time zone, a time in the log is unambiguous
LOG_DATEFORMAT = "%Y-%m-%dT%H:%M:%S%z"

# default True; both give access to the process, and neither is used
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
# default True; mirrors neither set nor need cookies
COOKIES_ENABLED = False
# default True; hosts need not know which page was fetched before
REFERER_ENABLED = False
# default False, with which another host could pretend to be the mirror
DOWNLOAD_VERIFY_CERTIFICATES = True
# default 1 GiB; also limits the size after decompression. The largest of 132,101 real pages has
# 555,303 bytes
DOWNLOAD_MAXSIZE = 4 << 20
DOWNLOAD_WARNSIZE = 0  # default 32 MiB, which is above the limit
# default 180 s; a page of a few kilobytes that takes longer than this does not arrive
DOWNLOAD_TIMEOUT = 30
# default 2; with the waits before retries (1, 2, 4 s) three outlast the restart of a server
RETRY_TIMES = 3
# the default also has 429 and 503, which park the whole host here (crawler.middlewares.backoff)
RETRY_HTTP_CODES = [408, 500, 502, 504, 522, 524]
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"  # default ERROR; the frontier logs each failed page once
# default False; the hosts of mirrors are not this project's
ROBOTSTXT_OBEY = True

# the default resolves IPv4 only; a mirror may be at ::1 or another IPv6 address
TWISTED_DNS_RESOLVER = "scrapy.resolver.CachingHostnameResolver"

# the defaults let endless headers fill the memory; they also have handlers for data, file, ftp and s3,
# which no page of a mirror may use
DOWNLOAD_HANDLERS = {
    "http": "crawler.transports.bounded.BoundedHandler",
    "https": "crawler.transports.bounded.BoundedHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}

# The three ..._BASE settings list Scrapy's own components. Scrapy's docs advise against changing
# them. They are changed here because a component set to None is still imported, and the imports of
# two of them (aiohttp, tldextract) cost every run 0.4 s, a third of its start. Components missing
# from these lists have nothing to do in this project.

# In order from the engine to the network. Left out: OffsiteMiddleware and RedirectMiddleware (the
# project's own offsite middleware does more), RobotsTxtMiddleware (does not follow RFC 9309), and
# the middlewares for HTTP authentication, cookies and the cache.
DOWNLOADER_MIDDLEWARES_BASE = {
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
    "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
    "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": 550,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590,
}
DOWNLOADER_MIDDLEWARES = {
    # first, so that requests outside of the mirror reach no other middleware
    "crawler.middlewares.offsite.OffsiteMiddleware": 50,
    "crawler.middlewares.robots.RobotsMiddleware": 100,
    # the order number of Scrapy's own RedirectMiddleware
    "crawler.middlewares.redirect.RedirectOutsideRun": 600,
    # the order number of Scrapy's own, which ignores all_proxy
    "crawler.middlewares.proxy.ProxyMiddleware": 750,
    # last before the network: requests that pass it are sent without further delay
    "crawler.middlewares.backoff.BackoffMiddleware": 800,
}

# default True; the run's summary has the important figures (-s STATS_DUMP=True shows the rest)
STATS_DUMP = False
# Left out: LogStats (the progress extension shows more), remote access to the process, and the
# extensions for persistent queues and AutoThrottle.
EXTENSIONS_BASE = {
    "scrapy.extensions.corestats.CoreStats": 0,
    "scrapy.extensions.logcount.LogCount": 0,
    "scrapy.extensions.memusage.MemoryUsage": 0,
    "scrapy.extensions.closespider.CloseSpider": 0,
}
EXTENSIONS = {
    # replaces Scrapy's own, whose failures do not affect the run
    "crawler.extensions.feed_exports.FeedExports": 0,
    "crawler.extensions.stop_signal.StopSignal": 100,
    "crawler.extensions.last_item.LastItem": 150,
    "crawler.extensions.progress.Progress": 200,
    "crawler.extensions.run_report.RunReport": 300,
}
# default 100; Scrapy 2.19 starts as many tasks for every page, even without an item, which takes a
# third of a crawl's CPU time. The pipelines never wait, so one task is enough
CONCURRENT_ITEMS = 1

ITEM_PIPELINES = {
    "crawler.pipelines.deduplicate.DeduplicatePipeline": 100,
    "crawler.pipelines.canonicalize.CanonicalizePipeline": 200,
    "crawler.pipelines.check.CheckPipeline": 300,
    "crawler.pipelines.write.WritePipeline": 400,
}

# Left out: the frontier requests every page once, has no depth, and checks the status itself.
SPIDER_MIDDLEWARES_BASE = {"scrapy.spidermiddlewares.start.StartSpiderMiddleware": 25}

# default None, which escapes non-ASCII characters in JSON; only for Scrapy's exports (-O), the feed
# is always UTF-8
FEED_EXPORT_ENCODING = "utf-8"

# default "Scrapy/VERSION (+https://scrapy.org)"; OPERATOR is appended
USER_AGENT = f"epoch-mirror-crawler/{__version__} (+https://example.org/epoch-mirror-crawler)"
ROBOTSTXT_USER_AGENT = "epoch-mirror-crawler"  # default None, for USER_AGENT in full

# -- the project's ---------------------------------------------------------------------------

# The file that describes the mirrors; None for mirrors.toml beside scrapy.cfg, or for the one in
# the package if it is installed.
MIRRORS_FILE = None
# The directory of the feeds without `-a feed=`: feeds/ beside scrapy.cfg, or in the user's data
# directory if the package is installed.
FEEDS_DIRECTORY = str(feeds_directory())
# The mirror is unusable if its listings have less than this share of the last complete run's
# entries.
MIRROR_SHRUNK_SHARE = 0.9
# a mirror whose newest article is older than so many days ends the run with status 4; None: never
STALE_AFTER_DAYS = None

# Mail or web address of whoever runs this crawler; appended to USER_AGENT.
OPERATOR = ""

# The pace of requests to one host; None for the host's default (GitHub: 2 concurrent requests,
# 4,500 an hour; other public hosts: 2 concurrent requests, one a second; loopback: 16 concurrent
# requests).
PACE_CONCURRENCY = None  # maximum number of concurrent requests
PACE_DELAY = None  # seconds between two requests

# After a response with status 429 or 503, in seconds: the first wait if the host names none
# (doubled each time), the longest single wait, and all waits of a run together. If a wait is
# longer, the run ends with exit status 75.
PARK_FIRST_WAIT = 60
PARK_MAX_WAIT = 1800
PARK_BUDGET = 3600
RETRY_FIRST_WAIT = 1  # seconds before the first retry of a page; doubled with each retry

# Number of additional processes that read articles, if a local mirror (path, git) has many to read;
# one of them also reads those of an HTTP host without a delay between requests.
# None: one for each usable processor, at most 8, fewer where cgroups or ulimit bound memory or
# processes; none on a single processor.
READERS = None

# Directory for clones of repositories; None for the user's cache directory.
CACHE_DIRECTORY = None

# The browser transport: Chromium's path or name (empty to search for it), pages rendered at the
# same time, pages after which a browser context is replaced, time limit for a page in seconds, and
# hosts of scripts besides the mirror's own and GitHub's.
BROWSER_EXECUTABLE = ""
BROWSER_CONTEXTS = 1
BROWSER_PAGES_PER_CONTEXT = 100
BROWSER_PAGE_SECONDS = 30
BROWSER_SCRIPT_HOSTS: list[str] = []
