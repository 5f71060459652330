"""Maps git's error messages to the crawler's exceptions."""

from __future__ import annotations

import re

from crawler.exceptions import HostBusy, MirrorUnusable, RunError, TryLater, WrongUsage


class GitFailed(MirrorUnusable):
    """Raised when git fails for an unknown reason, which may be a damaged clone."""


class GitMissing(WrongUsage):
    """Raised when git is not installed or too old.

    This is wrong usage (exit status 2), not a fault of the mirror: the user installs a package or
    chooses another transport. Retrying does not help.
    """


OUT_OF_MEMORY = re.compile(
    r"[Oo]ut of memory|malloc failed|mmap failed|cannot allocate", re.IGNORECASE
)
"""git's messages at its memory limit: index-pack on a delta bomb, diff-tree on a tree bomb."""

MEANINGS: tuple[tuple[re.Pattern[str], type[RunError], str], ...] = (
    (
        re.compile(r"(returned error:|HTTP) (429|503)"),
        HostBusy,
        "the mirror's host is busy, try again later",
    ),
    (
        re.compile(r"(returned error:|HTTP) 5\d\d"),
        TryLater,
        "the mirror's host reports an internal error, try again later",
    ),
    (
        re.compile(
            r"could not read (Username|Password)|Authentication failed|returned error: 40[13]"
        ),
        MirrorUnusable,
        (
            "the mirror's host asks for a password or denies access: the repository is private,"
            " renamed or gone; open its URL in a browser and correct mirrors.toml"
        ),
    ),
    (
        re.compile(
            r"[Rr]epository .*not found|does not (exist|appear to be a git repository)"
            r"|returned error: 404|not exported|not a git repository|not valid: is this a git"
        ),
        MirrorUnusable,
        (
            "there is no git repository at the mirror's URL; correct mirrors.toml, or crawl"
            " with -a via=http"
        ),
    ),
    (
        OUT_OF_MEMORY,
        MirrorUnusable,
        "the mirror's repository needs more memory than git may use",
    ),
    (
        re.compile(r"No space left on device|Disk quota exceeded|File too large"),
        MirrorUnusable,
        "the disk of the cache directory is full, free some space",
    ),
    (
        re.compile(
            r"unable to (access|connect|look up)|Could not resolve|timed out|Operation too slow"
            r"|Connection (refused|reset)|early EOF|unexpected disconnect|hung up|RPC failed"
            r"|dumb http"
        ),
        MirrorUnusable,
        "git cannot reach the mirror",
    ),
)
"""Patterns of git's messages in the C locale; the first match decides."""


def diagnosis(text: str) -> RunError:
    """Return the exception for git's output after a failed command on a remote."""
    for pattern, error, meaning in MEANINGS:
        if pattern.search(text):
            return error(f"{meaning} ({text})")
    return GitFailed(f"git failed ({text})")
