"""Reads parts on the workers of a Dask cluster.

A part is finished when its file exists. No result is taken from a worker: it would be lost with
the worker that holds it, or with the connection to the scheduler, although the part is finished.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

from distributed import Client, as_completed
from distributed.scheduler import KilledWorker
from distributed.security import Security

from crawler.exceptions import RunError, TryLater, WrongUsage
from crawler.reread.parts import Range, part_path, read_part
from crawler.reread.plan import Plan
from crawler.reread.pool import OnPart

CONNECT_SECONDS = 10
WORKERLESS_SECONDS = 60
"""The command fails if the cluster has no workers for this long."""

RETRIES = 3
"""How often the scheduler repeats a part that raised an exception."""

MAX_LOSSES = 3
"""The command fails if it loses all its parts this often, without a finished part between."""

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
        if self._address.startswith("tls:") and _tls_context() is None:
            raise WrongUsage(
                f"--engine {address} needs certificates: give them in Dask's configuration, by "
                "DASK_DISTRIBUTED__COMM__TLS__CA_FILE and TLS__CLIENT__CERT and __KEY"
            )

    def run(self, plan: Plan, parts: Sequence[Range], on_part: OnPart) -> None:
        """Read all parts; call ``on_part`` after each.

        Raises:
            TryLater: the scheduler cannot be reached or dies, has no workers, or loses all parts.
            RunError: a part cannot be read.
        """
        killers = self._read(plan, parts, on_part)
        if left := self._read(plan, killers, on_part, careful=True):
            raise TryLater(f"workers die repeatedly while they read bytes {left[0]}")

    def _read(
        self, plan: Plan, parts: Sequence[Range], on_part: OnPart, *, careful: bool = False
    ) -> list[Range]:
        """Read parts, and send them again if they are lost; return those that killed workers.

        The scheduler sends the parts of a dead worker to others. They are lost if the connection
        to it breaks, or if somebody restarts the cluster or cancels all tasks.
        """
        waiting, killers, losses = list(parts), list[Range](), 0
        while waiting:
            with _client(self._address) as client:
                lost, killed = _read_once(client, plan, waiting, on_part, careful=careful)
            killers += killed
            losses = losses + 1 if len(lost) == len(waiting) else 0
            waiting = lost
            if lost:
                try:
                    _greet(self._address)
                except OSError as error:
                    raise TryLater(f"the Dask scheduler is gone: {error}") from error
            if losses >= MAX_LOSSES:
                raise TryLater(
                    f"the Dask cluster lost all parts {losses} times in a row: see the scheduler's "
                    f"log, and whether all machines see {plan.work}"
                )
        return killers


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


def _tls_context() -> SSLContext | None:
    """Return the TLS context with the configured certificate; None without one."""
    context: SSLContext | None = Security().get_connection_args("client").get("ssl_context")
    return context


@contextmanager
def _client(address: str) -> Iterator[Client]:
    """Connect to a scheduler, which cancels the command's tasks when the connection ends."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _NOISY:  # each sets its own level and handler
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        with suppress(ConnectionRefusedError):  # it may be starting
            _greet(address)
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise TryLater(f"no Dask scheduler answers at {address}: {error}") from error
    try:
        yield client
    finally:
        with suppress(Exception):  # it may be gone
            client.close(timeout=_CLOSE_SECONDS)


def _greet(address: str) -> None:
    """Wait for the first byte of the scheduler, for which Dask would wait without end.

    Raises:
        OSError: nothing listens there, or it does not answer.
    """
    parts = urlsplit(address)
    place = (str(parts.hostname), parts.port or 0)
    context = _tls_context() if parts.scheme == "tls" else None
    with (
        socket.create_connection(place, CONNECT_SECONDS) as plain,
        context.wrap_socket(plain) if context else plain as connection,
    ):
        if not connection.recv(1):
            raise ConnectionResetError("it closes the connection")


def _read_once(
    client: Client, plan: Plan, parts: Sequence[Range], on_part: OnPart, *, careful: bool
) -> tuple[list[Range], list[Range]]:
    """Read parts; return those that are lost, and those that killed several workers.

    Raises:
        TryLater: the cluster has no workers, or a worker failed.
        RunError: a part cannot be read.
    """
    futures = client.map(
        read_part, [plan] * len(parts), parts, careful=careful, retries=RETRIES, pure=False
    )
    running = dict(zip(futures, parts, strict=True))
    del futures  # a result that nobody refers to is not computed again if its worker dies
    killers = []
    for future in _completed(client, as_completed(running, loop=client.loop)):
        part = running[future]
        error = future.exception() if future.status == "error" else None
        if isinstance(error, (KilledWorker, MemoryError)):
            killers.append(running.pop(future))
        elif isinstance(error, RunError):
            raise error
        elif error is not None:
            raise TryLater(f"a worker failed: {type(error).__name__}: {error}") from error
        elif part_path(plan, part).exists():
            on_part(running.pop(future))
    return list(running.values()), killers


def _completed(client: Client, completed: as_completed) -> Iterator[Any]:
    """Yield futures that are finished, failed or cancelled, as long as the scheduler answers.

    Raises:
        TryLater: the cluster has had no workers for a while.
    """
    checked = had_workers = time.monotonic()
    while _is_connected(client) and not completed.is_empty():
        batch = completed.next_batch(block=False)
        yield from batch
        now = time.monotonic()
        if batch:
            had_workers = now
        elif now - checked < _CHECK_SECONDS:
            time.sleep(_LOOK_SECONDS)
        else:
            checked = now
            try:
                if _has_workers(client):
                    had_workers = now
            except OSError:  # no answer
                return
            if now - had_workers > WORKERLESS_SECONDS:
                raise TryLater("the Dask scheduler has no workers")


def _is_connected(client: Client) -> bool:
    stream = client.scheduler_comm
    return client.status == "running" and stream is not None and not stream.closed()


def _has_workers(client: Client) -> bool:
    """Return whether the cluster has workers.

    Raises:
        OSError: the scheduler does not answer.
    """
    assert client.scheduler is not None  # noqa: S101 - it is connected
    identity = client.sync(client.scheduler.identity, n_workers=1, callback_timeout=CONNECT_SECONDS)
    return bool(identity["workers"])
