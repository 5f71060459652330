"""What happens to an item, one verb each, in the order of ``ITEM_PIPELINES``."""

from __future__ import annotations

from typing import Final

OWN: Final = (
    "crawler.pipelines.deduplicate.DeduplicatePipeline",
    "crawler.pipelines.canonicalize.CanonicalizePipeline",
    "crawler.pipelines.check.CheckPipeline",
    "crawler.pipelines.write.WritePipeline",
)
"""The project's pipelines in their order."""
