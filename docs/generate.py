"""A Sphinx extension: pages that are generated from the code when the site is built."""

from __future__ import annotations

from typing import Any


def setup(app: Any) -> dict[str, Any]:
    return {"version": "1", "parallel_read_safe": True}
