"""The program ``epoch-mirror``, also ``python -m crawler``: ``scrapy`` with this project's settings.

``scrapy`` finds a project by ``scrapy.cfg`` in the working directory or its parents. An installed
package has none, so this program sets the settings module itself and works in any directory.
"""

from __future__ import annotations

import os

from scrapy.cmdline import execute


def main() -> None:
    """Pass the command line to Scrapy, with this project's settings."""
    os.environ["SCRAPY_SETTINGS_MODULE"] = "crawler.settings"
    if os.path.expanduser("~") == "~":  # a user unknown to the system, as in containers
        os.environ["HOME"] = os.devnull  # Scrapy would fail looking for its configuration there
    execute()


if __name__ == "__main__":
    main()
