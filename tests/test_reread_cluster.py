"""A reread on a Dask cluster: the same feed as by the pool, whoever is killed on the way."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from crawling import Feed, start_crawl
from dask_cluster import Cluster, kill
from processes import descendants, wait_until
from rereading import (
    SEED,
    SMALL_PARTS,
    Rereading,
    again,
    files_of,
    large_feed,
    remove,
    reread,
    start_reread,
    undisturbed_files,
)

from crawler.exceptions import TryLater

pytest.importorskip("distributed")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VICTIMS = ("worker", "nanny", "command", "scheduler")
TRY_LATER = 75


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    return large_feed(tmp_path_factory.getbasetemp()).feed


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a reread without a cluster."""
    return undisturbed_files(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster of two workers, which end with it."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running
        processes = [child for one in running.nannies for child in descendants(one.pid)]
    assert wait_until(lambda: not any(process.alive for process in processes), 10)


LOSSES = {
    "client.restart()": True,
    "client.run_on_scheduler(disconnect)": False,
    "client.run_on_scheduler(cancel)": True,
}
"""Ways to lose parts while scheduler and workers go on, and whether they are left to the long tests."""

LOSE = """
from distributed import Client

def disconnect(dask_scheduler):
    for comm in dask_scheduler.client_comms.values():
        comm.abort()

def cancel(dask_scheduler):
    for name, client in list(dask_scheduler.clients.items()):
        keys = [task.key for task in client.wants_what]
        dask_scheduler.stimulus_cancel(keys, name, force=False, reason="", msg=None)

client = Client("{address}")
"""


@pytest.mark.parametrize(
    "lose", [pytest.param(one, marks=pytest.mark.soak) if LOSSES[one] else one for one in LOSSES]
)
def test_lost_parts_are_sent_again(
    lose: str, cluster: Cluster, old: Feed, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    running = start_reread(
        old.directory, tmp_path / "new", "--engine", cluster.engine, *SMALL_PARTS
    )
    running.wait_for_parts()
    workers = [one.pid for one in cluster.workers()]
    kill(workers, signal.SIGSTOP)
    assert running.bytes_read < len(old.data("articles.jsonl"))
    code = LOSE.format(address=cluster.address) + lose
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    kill(workers, signal.SIGCONT)
    result = running.finish()
    assert result.exit_code == 0, result.output
    assert files_of(result.feed) == undisturbed


def victim_of(name: str, cluster: Cluster, running: Rereading) -> int | None:
    """Return the process that is to be killed; None where it is not there just now."""
    if name == "worker":
        workers = cluster.workers()
        return random.Random(SEED).choice(workers).pid if workers else None
    processes = {
        "nanny": cluster.nannies[0],
        "command": running.process,
        "scheduler": cluster.scheduler,
    }
    return processes[name].pid


def reread_with_a_kill(
    name: str, old: Feed, place: Path, undisturbed: dict[str, bytes], rng: random.Random
) -> None:
    """Kill once at a random moment; the same call, repeated if necessary, gives the same feed."""
    target = place / "new"
    with Cluster(place) as cluster:
        running = start_reread(old.directory, target, "--engine", cluster.engine, *SMALL_PARTS)
        running.wait_for_parts()
        time.sleep(rng.uniform(0, 0.3))
        if (pid := victim_of(name, cluster, running)) is not None:
            kill([pid])
        killed = time.monotonic()
        result = running.finish()
        took = time.monotonic() - killed
        if name == "scheduler" and result.exit_code:
            assert result.exit_code == TRY_LATER, result.output
            assert took < 15
            assert "is gone" in result.output
            assert "are left: " in result.output
        elif name == "command" and result.exit_code:
            assert result.exit_code == -signal.SIGKILL
            result = reread(old.directory, target, "--engine", cluster.engine)
        if name != "scheduler":
            assert result.exit_code == 0, result.output
    if name == "scheduler":
        result = reread(old.directory, target)  # the next call may use another engine
        assert result.exit_code == 0, result.output
    assert files_of(Feed(target)) == undisturbed, f"EPOCH_TEST_SEED={SEED}"
    remove(target)


@pytest.mark.soak
@pytest.mark.parametrize("name", VICTIMS)
def test_killed_at_a_random_moment(
    name: str, old: Feed, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    reread_with_a_kill(name, old, tmp_path, undisturbed, random.Random(SEED))


@pytest.mark.soak
@pytest.mark.parametrize("name", VICTIMS)
def test_killed_three_times_each(
    name: str, old: Feed, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    rng = random.Random(SEED)
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        reread_with_a_kill(name, old, tmp_path / str(number), undisturbed, rng)


def test_stopped_within_seconds_and_repeated(
    cluster: Cluster, old: Feed, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    running = start_reread(
        old.directory, tmp_path / "new", "--engine", cluster.engine, *SMALL_PARTS
    )
    running.wait_for_parts()
    sent = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    stopped = running.finish()
    assert time.monotonic() - sent < 20
    assert stopped.exit_code == 143, stopped.output
    assert reread(old.directory, tmp_path / "new", "--engine", cluster.engine).exit_code == 0
    assert files_of(Feed(tmp_path / "new")) == undisturbed


def test_finished_parts_outlive_their_workers(
    old: Feed, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """All workers die after the last part, before the command hears of it."""
    with Cluster(tmp_path, workers=1) as cluster:
        running = start_reread(
            old.directory, tmp_path / "new", "--engine", cluster.engine, *SMALL_PARTS
        )
        running.wait_for_parts()
        running.process.send_signal(signal.SIGSTOP)
        assert wait_until(lambda: running.bytes_read == len(old.data("articles.jsonl")), 60)
        kill([*(one.pid for one in cluster.workers()), cluster.nannies[0].pid])
        assert wait_until(lambda: "Lost all workers" in cluster.log("scheduler"))
        running.process.send_signal(signal.SIGCONT)
        result = running.finish()
    assert result.exit_code == 0, result.output
    assert files_of(result.feed) == undisturbed


def test_no_scheduler_answers(old: Feed, tmp_path: Path) -> None:
    result = reread(old.directory, tmp_path / "new", "--engine", "dask://127.0.0.1:9")
    assert result.exit_code == TRY_LATER, result.output
    assert "no Dask scheduler answers" in result.output
    assert "Traceback" not in result.output
    assert result.seconds < 30


def test_a_scheduler_that_hangs(old: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask itself would wait for its first byte without end."""
    from crawler.reread.dask import DaskEngine  # noqa: PLC0415 - needs Dask

    monkeypatch.setattr("crawler.reread.dask.CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = DaskEngine(f"dask://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(TryLater, match="no Dask scheduler answers"):
            again(old.directory, tmp_path / "new", engine)


@pytest.mark.soak
def test_a_damaged_feed_is_reported_as_such(cluster: Cluster, old: Feed, tmp_path: Path) -> None:
    """What a worker finds wrong is the command's own status."""
    copy = tmp_path / "copy"
    copy.mkdir()
    data = old.data("articles.jsonl")
    (copy / "articles.jsonl").write_bytes(
        data.replace(b'"id":', b'"id";', 5).replace(b'"id";', b'"id":', 4)
    )
    (copy / "runs.jsonl").write_bytes(old.data("runs.jsonl"))
    result = reread(copy, tmp_path / "new", "--engine", cluster.engine)
    assert result.exit_code == 5, result.output
    assert "is damaged" in result.output
    assert "Traceback" not in result.output


@pytest.mark.soak
def test_a_real_mirror_gives_its_own_lines(corpus: object, tmp_path: Path) -> None:
    """By git, which all workers read in place."""
    assert callable(corpus)
    special = corpus("special")
    old = start_crawl(f"mirror={special.tree()}", feed=tmp_path / "old").finish().feed
    with Cluster(tmp_path) as cluster:
        named = (
            "--engine",
            cluster.engine,
            "--mirror",
            str(special.git),
            "--part-bytes",
            "1000000",
        )
        result = reread(old.directory, tmp_path / "new", *named)
    assert result.exit_code == 0, result.output
    assert result.feed.timeless() == old.timeless()
