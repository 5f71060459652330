"""The memory watch kills processes of Chromium that are too large."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest

from crawler.transports.browser.memory import MemoryWatch
from crawler.transports.browser.processes import Process, chromium_processes

MOST = 1 << 30


@pytest.fixture
def sleepers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run two processes."""
    started = [subprocess.Popen(["sleep", "60"]) for _ in range(2)]
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_a_large_renderer_is_killed_alone(sleepers: list[subprocess.Popen[bytes]]) -> None:
    """Its kill accounts for one crash, even if later checks see it again."""
    large, small = sleepers
    watch = MemoryWatch(MOST)
    processes = [
        Process(small.pid, MOST, renderer=True),
        Process(large.pid, MOST + 1, renderer=True),
    ]
    watch.check(processes)
    watch.check(processes)
    assert large.wait(120) == -9
    assert small.poll() is None
    assert [watch.claim_renderer(), watch.claim_renderer()] == [True, False]
    assert not watch.claim_browser()


def test_all_is_killed_if_the_browser_process_is_large(
    sleepers: list[subprocess.Popen[bytes]],
) -> None:
    """No process is left to render pages."""
    browser, renderer = sleepers
    watch = MemoryWatch(MOST)
    watch.check(
        [Process(browser.pid, MOST + 1, renderer=False), Process(renderer.pid, 1, renderer=True)]
    )
    assert browser.wait(120) == renderer.wait(120) == -9
    assert [watch.claim_browser(), watch.claim_browser()] == [True, False]


def test_it_watches_while_pages_are_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first page to the last; an unclaimed kill does not account for a later crash."""
    looks: list[list[Process]] = []
    monkeypatch.setattr("crawler.transports.browser.memory.CHECK_SECONDS", 0)

    async def render() -> int:
        looked = asyncio.Event()

        def check(_: MemoryWatch, processes: list[Process]) -> None:
            looks.append(processes)
            looked.set()

        monkeypatch.setattr(MemoryWatch, "check", check)
        watch = MemoryWatch(MOST)
        with watch:
            with watch:
                watch.renderers_killed = 1
            await looked.wait()
        seen = len(looks)
        await asyncio.sleep(0.01)
        assert not watch.claim_renderer()
        return len(looks) - seen

    assert asyncio.run(render()) == 0
    assert looks[0] == []


def test_only_chromiums_that_this_process_started_are_found() -> None:
    """By command line, with their children; the memory agrees with the system's figure."""
    child = "import sys, time; print(flush=True); time.sleep(60)"
    # the command line of the parent must not have a child's switch
    parent = (
        "import subprocess, sys;"
        f"subprocess.run([sys.executable, '-c', {child!r}, '--ty' + 'pe=renderer'])"
    )
    command = [sys.executable, "-c", parent, "--remote-debugging-pipe"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        main, renderer = chromium_processes()
        assert (main.pid, main.renderer, renderer.renderer) == (process.pid, False, True)
        assert 1 << 20 < renderer.resident < 1 << 28
        for found in (main, renderer):
            found.kill()
        assert process.wait(120) == -9
    assert chromium_processes() == []
