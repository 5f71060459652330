"""Finds Chromium, and builds its launch options."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from crawler.exceptions import WrongUsage
from crawler.transports.browser.confinement import Confinement

EXECUTABLES: Final = (
    "chromium",
    "chromium-browser",
    "chromium-headless-shell",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
)
"""Names of the executable on Debian, other Linux distributions, and macOS with Homebrew."""

FLAGS: Final = (
    "--blink-settings=imagesEnabled=false",
    "--block-new-web-contents",
    "--disable-client-side-phishing-detection",
    "--disable-crash-reporter",
    "--disable-domain-reliability",
    "--disable-gpu",
    "--disable-notifications",
    "--disable-quic",
    # isolation protects sites from each other; here only one site is open
    "--disable-site-isolation-trials",
    "--dns-prefetch-disable",
    # limits the JavaScript heap of a page; the memory watch limits everything else
    "--js-flags=--max-old-space-size=512",
    "--no-pings",
)
"""Switches in addition to Playwright's. They turn off what reading a page does not need."""

_VERSION_SECONDS: Final = 60
_LAUNCH_SECONDS: Final = 60


def find_chromium(setting: str = "") -> Path:
    """Return the executable named by ``setting`` (``BROWSER_EXECUTABLE``), or the system's.

    Raises:
        WrongUsage: there is no such executable, or it does not run.
    """
    for name in (setting,) if setting else EXECUTABLES:
        if found := shutil.which(name):
            _check_runs(found)
            return Path(found).absolute()
    missing = f"{setting!r} is not an executable" if setting else "Chromium was not found"
    raise WrongUsage(
        f"via=browser needs Chromium, but {missing}: install it (Debian, Ubuntu: "
        "apt-get install chromium), or set BROWSER_EXECUTABLE to its path"
    )


def _check_runs(executable: str) -> None:
    """Run ``executable --version``, to report a broken executable once, before the crawl.

    Raises:
        WrongUsage: the executable does not run.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the program that the user named
            [executable, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WrongUsage(f"{executable} does not run: {error}") from error
    if done.returncode:
        output = " ".join(done.stderr.decode("utf-8", "replace").split())[-300:]
        raise WrongUsage(
            f"{executable} --version exits with {done.returncode}: {output or '(no output)'}. "
            "Reinstall it, or set BROWSER_EXECUTABLE to another"
        )


def launch_options(executable: str, confinement: Confinement) -> dict[str, Any]:
    """Return the arguments of Playwright's ``launch``."""
    return {
        "executable_path": executable,
        "headless": True,
        # Chromium refuses to run as root with its sandbox
        "chromium_sandbox": os.geteuid() != 0,
        "args": [*FLAGS, *confinement.arguments()],
        "proxy": confinement.proxy(),
        "timeout": _LAUNCH_SECONDS * 1000,
        # the crawler handles signals: it first finishes or cancels the pages in progress
        "handle_sigint": False,
        "handle_sigterm": False,
        "handle_sighup": False,
    }
