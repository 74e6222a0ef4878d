"""What a fence takes to be wanted."""

from __future__ import annotations

from lazynd import nd
from lazynd.runtime.schedule import live
from lazynd.runtime.state import LOCAL


def test_a_dead_last_operation_is_not_live() -> None:
    x = nd.ones((2,))
    nd.waitall()
    kept = x + 1
    x + 2
    items = LOCAL.state.region.items
    assert [len(items), len(live(items))] == [2, 1]
    assert live(items)[0] is kept._cell.ref
