"""Counts as people write them."""

from __future__ import annotations


def several(count: int, what: str) -> str:
    """``count`` of something, in the plural where it is not one.

    >>> several(1, "node"), several(2345, "node")
    ('1 node', '2,345 nodes')
    """
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
