"""Classes drawn by Zipf's law, all different: shapes and dtypes, since no two libraries draw the same."""

from __future__ import annotations

from typing import Any

from ..case import Case


def drawn(**attributes: Any) -> Case:
    return Case((), attributes, values=False)


CASES: dict[str, list[Case]] = {
    "_sample_unique_zipfian": [
        drawn(range_max=100, shape=(2, 5)),
        drawn(range_max=100, shape=(1, 1)),
        drawn(range_max=3, shape=(2, 3)),
        drawn(range_max=750000, shape=(4, 20)),
        drawn(range_max=2**31 - 1, shape=(3, 2)),
        drawn(range_max=100, shape=(1, 0)),
        drawn(range_max=2, shape=(1, 3)),  # what follows is refused
        drawn(range_max=100, shape=(5,)),
        drawn(range_max=100, shape=(2, 2, 2)),
        drawn(range_max=100),
        drawn(shape=(2, 2)),
    ],
}
