"""Reads parts on the workers of a Dask cluster."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from distributed import Client, Future, as_completed
from distributed.scheduler import KilledWorker
from distributed.security import Security

from crawler.exceptions import RunError, TryLater, WrongUsage
from crawler.reread.parts import Range, Summary, read_part
from crawler.reread.plan import Plan
from crawler.reread.pool import OnPart

CONNECT_SECONDS = 10
WORKERLESS_SECONDS = 60
"""The command fails if the cluster has no workers for this long."""

RESULT_SECONDS = 60
"""Timeout for a result, which is computed again if its worker has died."""

RETRIES = 3
GONE = "the Dask scheduler is gone"
_LOOK_SECONDS = 0.1
_CHECK_SECONDS = 5
_CLOSE_SECONDS = 2
_NOISY = ("distributed", "tornado", "asyncio")
_SCHEMES = {"dask": "tcp", "dask+tls": "tls"}


class DaskEngine:
    """Reads parts on the workers of a Dask scheduler.

    Parts are sent by ``client.map`` and taken by Dask's own ``as_completed``: futures of
    ``client.get_executor()`` never end when the scheduler dies.
    """

    def __init__(self, address: str) -> None:
        """Use the scheduler at ``dask://host:port``, or ``dask+tls://host:port``.

        Raises:
            WrongUsage: it is not a valid address, or no TLS certificate is configured.
        """
        self._address = scheduler_address(address)
        if self._address.startswith("tls:") and not _has_certificate():
            raise WrongUsage(
                f"--engine {address} needs certificates: give them in Dask's configuration, by "
                "DASK_DISTRIBUTED__COMM__TLS__CA_FILE and TLS__CLIENT__CERT and __KEY"
            )

    def run(self, plan: Plan, parts: Sequence[Range], on_part: OnPart) -> None:
        """Read all parts; call ``on_part`` after each.

        Raises:
            TryLater: the scheduler cannot be reached or dies, or has no workers.
            RunError: a part cannot be read.
        """
        with _client(self._address) as client:
            waiting, careful = list(parts), False
            while waiting:
                waiting = _read_all(client, plan, waiting, on_part, careful=careful)
                careful = True


def scheduler_address(address: str) -> str:
    """Return a scheduler's address in the form that Dask uses.

    Raises:
        WrongUsage: it is not ``dask://host:port`` or ``dask+tls://host:port``.
    """
    try:
        parts = urlsplit(address)
        known = parts.scheme in _SCHEMES and parts.hostname and parts.port
    except ValueError:
        known = False
    if not known or parts.path.strip("/"):
        raise WrongUsage(
            f"--engine must be dask://HOST:PORT or dask+tls://HOST:PORT, not {address!r}"
        )
    return f"{_SCHEMES[parts.scheme]}://{parts.netloc}"


def _has_certificate() -> bool:
    return Security().get_connection_args("client").get("ssl_context") is not None


@contextmanager
def _client(address: str) -> Iterator[Client]:
    """Connect to a scheduler, which cancels the command's tasks when the connection ends."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _NOISY:  # each sets its own level and handler
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise TryLater(f"no Dask scheduler answers at {address}: {error}") from error
    try:
        yield client
    finally:
        with suppress(Exception):  # it may be gone
            client.close(timeout=_CLOSE_SECONDS)


def _read_all(
    client: Client, plan: Plan, parts: Sequence[Range], on_part: OnPart, *, careful: bool
) -> list[Range]:
    """Read parts; return those that killed several workers."""
    futures = client.map(
        read_part, [plan] * len(parts), parts, careful=careful, retries=RETRIES, pure=False
    )
    running = dict(zip(futures, parts, strict=True))
    del futures
    killers = []
    for future in _completed(client, list(running)):
        part = running.pop(future)
        try:
            summary = _result(future)
        except (KilledWorker, MemoryError):
            if careful:
                raise TryLater(f"workers die repeatedly while they read bytes {part}") from None
            killers.append(part)
        else:
            on_part(part, summary)
    return killers


def _result(future: Future[Summary]) -> Summary:
    """Return the summary of a part.

    Raises:
        TryLater: the scheduler is gone, or the worker failed with another error.
        RunError, KilledWorker, MemoryError: the part failed.
    """
    try:
        if future.status == "finished":
            summary: Summary = future.result(timeout=RESULT_SECONDS)
            return summary
        error = future.exception(timeout=RESULT_SECONDS) if future.status == "error" else None
    except (OSError, CancelledError) as lost:
        raise TryLater(GONE) from lost
    if error is None:  # cancelled: the client lost its connection
        raise TryLater(GONE)
    if isinstance(error, (RunError, KilledWorker, MemoryError)):
        raise error
    raise TryLater(f"a worker failed: {type(error).__name__}: {error}") from error


def _completed(client: Client, futures: list[Future[Summary]]) -> Iterator[Any]:
    """Yield futures as they complete.

    Raises:
        TryLater: the scheduler died, or has had no workers for a while.
    """
    completed = as_completed(futures, loop=client.loop)
    checked = had_workers = time.monotonic()
    while not completed.is_empty():
        batch = completed.next_batch(block=False)
        yield from batch
        now = time.monotonic()
        if client.status != "running":
            raise TryLater(GONE)
        if batch:
            had_workers = now
        elif now - checked > _CHECK_SECONDS:
            checked = now
            if _has_workers(client):
                had_workers = now
            elif now - had_workers > WORKERLESS_SECONDS:
                raise TryLater("the Dask scheduler has no workers")
        else:
            time.sleep(_LOOK_SECONDS)


def _has_workers(client: Client) -> bool:
    """Return whether the cluster has workers.

    Raises:
        TryLater: the scheduler does not answer.
    """
    assert client.scheduler is not None  # noqa: S101 - it is connected
    try:
        identity = client.sync(
            client.scheduler.identity, n_workers=1, callback_timeout=CONNECT_SECONDS
        )
    except (OSError, RuntimeError) as error:
        raise TryLater(f"the Dask scheduler does not answer: {error}") from error
    return bool(identity["workers"])
