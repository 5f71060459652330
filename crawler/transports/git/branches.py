"""Chooses the branch of a repository to read."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.exceptions import MirrorUnusable
from crawler.printable import printable

NAMED_BRANCHES = 10


def choose(heads: Mapping[str, str], branch: str | None) -> tuple[str, str]:
    """Return the reference to follow and its commit.

    Args:
        heads: commits of the remote's ``HEAD`` and ``refs/heads/…``.
        branch: the configured branch; None for the remote's default branch, or its only branch.

    Raises:
        MirrorUnusable: the repository is empty or does not have the branch.
    """
    branches = sorted(name.removeprefix("refs/heads/") for name in heads if name != "HEAD")
    if branch is not None and branch in branches:
        return f"refs/heads/{branch}", heads[f"refs/heads/{branch}"]
    if branch is None and "HEAD" in heads:
        return "HEAD", heads["HEAD"]
    if branch is None and len(branches) == 1:
        return f"refs/heads/{branches[0]}", heads[f"refs/heads/{branches[0]}"]
    if not branches:
        raise MirrorUnusable("the mirror's repository is empty; correct `git` in mirrors.toml")
    named = printable(", ".join(branches[:NAMED_BRANCHES]))
    wanted = "no default branch" if branch is None else f"no branch {branch!r}"
    raise MirrorUnusable(
        f"the mirror's repository has {wanted}; correct `branch` in mirrors.toml: it has {named}"
        + (f" and {len(branches) - NAMED_BRANCHES} more" * (len(branches) > NAMED_BRANCHES))
    )
