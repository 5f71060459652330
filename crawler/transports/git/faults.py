"""What git's words mean."""

from __future__ import annotations

import re

from crawler.exceptions import HostBusy, MirrorUnusable, RunError, TryLater, WrongUsage


class GitFailed(MirrorUnusable):
    """Raised when git fails for a reason that is not known: perhaps it is the clone's."""


class GitMissing(WrongUsage):
    """Raised when there is no git program, or one too old.

    A wrong usage (status 2), not a fault of the mirror: another way or one package helps, trying
    again does not.
    """


OUT_OF_MEMORY = re.compile(
    r"[Oo]ut of memory|malloc failed|mmap failed|cannot allocate", re.IGNORECASE
)
"""What git says when it reaches its memory limit (index-pack on a delta bomb, diff-tree on a tree
bomb)."""

MEANINGS: tuple[tuple[re.Pattern[str], type[RunError], str], ...] = (
    (
        re.compile(r"(returned error:|HTTP) (429|503)"),
        HostBusy,
        "the mirror's host asks to come back later",
    ),
    (
        re.compile(r"(returned error:|HTTP) 5\d\d"),
        TryLater,
        "the mirror's host has a fault of its own",
    ),
    (
        re.compile(
            r"could not read (Username|Password)|Authentication failed|returned error: 40[13]"
        ),
        MirrorUnusable,
        (
            "the mirror's host asks for a password or refuses: the repository is private, renamed"
            " or gone; look at its address in a browser and correct mirrors.toml"
        ),
    ),
    (
        re.compile(
            r"[Rr]epository .*not found|does not (exist|appear to be a git repository)"
            r"|returned error: 404|not exported|not a git repository|not valid: is this a git"
        ),
        MirrorUnusable,
        (
            "there is no git repository at the mirror's address; correct mirrors.toml, or crawl"
            " with -a via=http"
        ),
    ),
    (
        OUT_OF_MEMORY,
        MirrorUnusable,
        "the mirror's repository needs more memory than git may use here",
    ),
    (
        re.compile(r"No space left on device|Disk quota exceeded|File too large"),
        MirrorUnusable,
        "the disk of the cache directory is full",
    ),
    (
        re.compile(
            r"unable to (access|connect|look up)|Could not resolve|timed out|Operation too slow"
            r"|Connection (refused|reset)|early EOF|unexpected disconnect|hung up|RPC failed"
            r"|dumb http"
        ),
        MirrorUnusable,
        "the mirror cannot be reached by git",
    ),
)
"""What git's words mean (in the C locale), the first that fits."""


def diagnosis(text: str) -> RunError:
    """Return the error that git's last words about a remote mean."""
    for pattern, error, meaning in MEANINGS:
        if pattern.search(text):
            return error(f"{meaning} ({text})")
    return GitFailed(f"git could not do it ({text})")
