"""The last lines of a run: a short table of what it did, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.run.run import Run

_SAMPLE = "sample"
_NAMED = 5


def summary_lines(run: Run) -> list[str]:
    """Return the report of a run that ended, a line each."""
    counts, outcome = run.counts, run.outcome
    rows = [
        ("mirror", f"{run.options.mirror.name} via {run.options.via}"),
        ("new articles", f"{counts.new}"),
        *([("changes", f"{counts.changes}")] if counts.changes else []),
        ("new listings", f"{counts.listings} ({counts.duplicates} of articles listed before)"),
        ("pages read", ", ".join(f"{kind} {count}" for kind, count in counts.pages.items()) or "0"),
        ("feed", f"{run.store.articles.path} ({run.known} articles)"),
        ("newest", run.newest or "none"),
        *_troubles(run),
        ("status", f"{outcome.status}, exit status {outcome.exit_code}"),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows]
    if run.reason is not None:
        lines.insert(-1, f"{'reason':<{width}}  {run.reason}")
    if run.options.mirror.name == _SAMPLE:
        lines += [
            "This was the bundled sample mirror: invented news.",
            "A live mirror: scrapy crawl epoch_mirror -a mirror=news (mirrors.toml lists them)",
        ]
    return lines


def _troubles(run: Run) -> Iterator[tuple[str, str]]:
    counts = run.counts
    for reason, named in counts.named_failures().items():
        names = named["ids"][:_NAMED]
        more = " …" if named["count"] > len(names) else ""
        yield "failed", f"{named['count']} {reason}: {', '.join(names)}{more}"
    if counts.set_aside:
        yield "set aside", f"{len(counts.set_aside)} that failed for a week: looked at once a week"
    if counts.dropped:
        yield "dropped", f"{counts.dropped} that the feed had already"
    for kind, names in counts.changed.items():
        yield kind, f"{len(names)}: {', '.join(names[:_NAMED])}"
    if counts.warnings:
        yield "warnings", f"{len(counts.warnings)}, see above"
