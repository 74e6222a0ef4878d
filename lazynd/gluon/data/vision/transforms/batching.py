"""Which transforms do to a batch what they do to each image."""

from __future__ import annotations

from typing import Any

from ....nn import HybridSequential
from ...batches import takes_batches


def all_take_batches(block: Any) -> bool:
    """Whether all children of a block take batches, and nobody wants to know of each call."""
    if block._forward_hooks or block._forward_pre_hooks:
        return False
    children = block._children.values()
    return all(all_take_batches(c) if type(c) is HybridSequential else takes_batches(c) for c in children)


def alone(block: Any) -> bool:
    """``_takes_batches`` of a block without children that does the same to a batch."""
    return not (block._forward_hooks or block._forward_pre_hooks)
