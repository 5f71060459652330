"""Item pipelines: each module does one thing; ``ITEM_PIPELINES`` sets their order."""

from __future__ import annotations

from typing import Final

OWN: Final = (
    "crawler.pipelines.deduplicate.DeduplicatePipeline",
    "crawler.pipelines.canonicalize.CanonicalizePipeline",
    "crawler.pipelines.check.CheckPipeline",
    "crawler.pipelines.write.WritePipeline",
)
"""The project's pipelines, in order."""
