"""A reread on a Dask cluster: the same feed as by the pool, whoever is killed on the way."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

import pytest
from crawling import Feed, start_crawl
from mirrorkit import large_mirror
from processes import wait_until
from rereading import (
    SEED,
    Cluster,
    Rereading,
    files_of,
    kill,
    remove,
    reread,
    start_reread,
)

pytest.importorskip("distributed")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL_PARTS = ("--part-bytes", "60000")
VICTIMS = ("worker", "nanny", "command", "scheduler")
TRY_LATER = 75


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    """Return the feed of a mirror of 900 articles."""
    place = tmp_path_factory.mktemp("large")
    large_mirror(place / "mirror", 6, 900)
    result = start_crawl(f"mirror={place / 'mirror'}", feed=place / "feed").finish()
    assert result.exit_code == 0, result.log
    return result.feed


@pytest.fixture(scope="module")
def by_pool(old: Feed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a reread by the pool."""
    result = reread(old.directory, tmp_path_factory.mktemp("pool") / "new")
    assert result.exit_code == 0, result.output
    return files_of(result.feed)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path) as running:
        yield running


def test_the_sample_on_two_workers(cluster: Cluster, tmp_path: Path) -> None:
    feed = start_crawl("mirror=sample", feed=tmp_path / "old").finish().feed
    result = reread(feed.directory, tmp_path / "new", "--engine", cluster.engine, *SMALL_PARTS)
    assert result.exit_code == 0, result.output
    pool = reread(feed.directory, tmp_path / "pool")
    assert files_of(result.feed) == files_of(pool.feed)
    assert result.seconds < 60


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
    name: str, old: Feed, place: Path, by_pool: dict[str, bytes], rng: random.Random
) -> None:
    """Kill once at a random moment; the same call, repeated where need be, gives the same feed."""
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
            assert took < 5
            assert "is gone" in result.output
            assert "are left: " in result.output
        elif name == "command" and result.exit_code:
            assert result.exit_code == -signal.SIGKILL
            result = reread(old.directory, target, "--engine", cluster.engine)
        if name != "scheduler":
            assert result.exit_code == 0, result.output
    if name == "scheduler":
        result = reread(old.directory, target)  # the next call may well use another engine
        assert result.exit_code == 0, result.output
    assert files_of(Feed(target)) == by_pool, f"EPOCH_TEST_SEED={SEED}"
    remove(target)


@pytest.mark.soak
@pytest.mark.parametrize(
    "name",
    VICTIMS,
)
def test_killed_at_a_random_moment(
    name: str, old: Feed, by_pool: dict[str, bytes], tmp_path: Path
) -> None:
    reread_with_a_kill(name, old, tmp_path, by_pool, random.Random(SEED))


@pytest.mark.soak
@pytest.mark.parametrize("name", VICTIMS)
def test_killed_three_times_each(
    name: str, old: Feed, by_pool: dict[str, bytes], tmp_path: Path
) -> None:
    rng = random.Random(SEED)
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        reread_with_a_kill(name, old, tmp_path / str(number), by_pool, rng)


def test_a_stop_signal_ends_it_within_seconds(
    cluster: Cluster, old: Feed, by_pool: dict[str, bytes], tmp_path: Path
) -> None:
    running = start_reread(
        old.directory, tmp_path / "new", "--engine", cluster.engine, *SMALL_PARTS
    )
    running.wait_for_parts()
    sent = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    stopped = running.finish()
    assert time.monotonic() - sent < 5
    assert stopped.exit_code == 143, stopped.output
    assert reread(old.directory, tmp_path / "new", "--engine", cluster.engine).exit_code == 0
    assert files_of(Feed(tmp_path / "new")) == by_pool


def test_nobody_answers(old: Feed, tmp_path: Path) -> None:
    result = reread(old.directory, tmp_path / "new", "--engine", "dask://127.0.0.1:9")
    assert result.exit_code == TRY_LATER, result.output
    assert "no Dask scheduler answers" in result.output
    assert "Traceback" not in result.output
    assert result.seconds < 30


@pytest.mark.soak
def test_a_damaged_feed_is_told_as_such(cluster: Cluster, old: Feed, tmp_path: Path) -> None:
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


def test_the_cluster_ends_with_the_test(tmp_path: Path) -> None:
    with Cluster(tmp_path) as running:
        assert wait_until(lambda: len(running.workers()) >= 2, 40)
        workers = running.workers()
    assert wait_until(lambda: not any(worker.alive for worker in workers), 10)


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
