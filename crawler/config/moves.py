"""The new addresses of a mirror that has moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from crawler.config.mirrors import Mirror, is_name
from crawler.exceptions import MirrorUnusable


def moved(mirror: Mirror, needed: Sequence[str], address: str) -> Mirror:
    """Return ``mirror`` with the ``address`` that its notice of a move names.

    Only ``owner/repository`` is replaced in its URLs, so that a page cannot direct the crawl to
    arbitrary hosts. Transports whose URL does not contain it are dropped, if they are not
    ``needed``.

    Raises:
        MirrorUnusable: the new URL has another host or repository name, or is the current one; or
            the URL of a needed transport does not contain ``owner/repository``.
    """
    old, new = _repository(mirror.public), _repository(address)
    same_host = urlsplit(address).hostname == urlsplit(mirror.public).hostname
    if not (old and new and same_host and old != new and old[1] == new[1]):
        raise MirrorUnusable(
            f"mirror {mirror.name!r} says that it has moved to {address}, which is not followed: the "
            f"new address must be a repository of the same name at the host of {mirror.public}"
        )
    before, after = "/".join(old), "/".join(new)
    for via in needed:
        if f"/{before}" not in mirror.roots[via]:
            raise MirrorUnusable(
                f"mirror {mirror.name!r} has moved to {address}, but {via} = {mirror.roots[via]!r} "
                f"does not contain {before!r}: correct it in the mirrors file"
            )
    return replace(
        mirror,
        public=mirror.public.replace(before, after, 1),
        roots={
            via: base.replace(f"/{before}", f"/{after}", 1)
            for via, base in mirror.roots.items()
            if f"/{before}" in base
        },
    )


def _repository(address: str) -> tuple[str, str] | None:
    """Return (owner, repository) of a URL such as ``https://github.com/owner/repository``."""
    parts = urlsplit(address)
    names = [part for part in parts.path.split("/") if part]
    if parts.scheme not in ("http", "https") or len(names) < 2:  # noqa: PLR2004 - the pair
        return None
    owner, repository = names[0], names[1].removesuffix(".git")
    return (owner, repository) if is_name(owner) and is_name(repository) else None
