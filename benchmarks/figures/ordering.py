"""Choosing and ordering: boxes that suppress each other, the largest few, and all in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lazynd import nd

from ..process import oracle
from ..registry import figure
from ..result import Budget, Row
from ..selection import BOXES, CALLS, NUMBERS, Call
from ..timing import Case, Effort, interleave, repeated


@figure(f"box_nms of {BOXES:,} boxes; topk and sort of {NUMBERS:,} float32 numbers")
def measure(effort: Effort) -> Iterator[Row]:
    mxnet = oracle()
    for number, call in enumerate(CALLS):
        times = effort.times(call.times)
        cases: dict[str, Case] = {"lazynd": repeated(_ours(call), times)}
        if mxnet is not None:
            cases["mxnet"] = lambda n=number, t=times: mxnet.seconds("selection", number=n, times=t)
        yield Row(call.name, "ms", interleave(cases, effort.rounds, 1e3), Budget(1, "mxnet") if mxnet else None)


def _ours(call: Call) -> Callable[[], None]:
    x = nd.array(call.data())
    x.wait_to_read()
    return lambda: call.call(nd, x).wait_to_read()
