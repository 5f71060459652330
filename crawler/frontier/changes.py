"""What changed in a mirror between two crawls, from a way that knows without reading."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Protocol


class Changes(Protocol):
    """What differs between two states of a mirror, as paths of pages."""

    @property
    def added(self) -> AbstractSet[str]:
        """Pages that are new."""

    @property
    def modified(self) -> AbstractSet[str]:
        """Pages whose bytes differ."""

    @property
    def deleted(self) -> AbstractSet[str]:
        """Pages that are gone."""
