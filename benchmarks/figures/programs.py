"""How many programs the standard loops compile, by jax's own events."""

from __future__ import annotations

from collections.abc import Iterator

from ..process import child
from ..registry import figure
from ..result import Budget, Row
from ..timing import Effort

#: Step-sized programs, doubled for the smaller last batch of an epoch, and small ones: the first makes the parameters.
EXPECTED = {
    "loss_read_after_step": 2 + 1,
    "scratch_with_accuracy": 2 + 3,
    "scratch_with_evaluation": 2 + 5,
    "loss_read_before_backward": 4 + 1,
    "never_read": 2 + 1,
    "adversaries": 4 + 1,
    "gradients_added": 2 + 1,
}


@figure("programs that the standard loops compile, in fresh processes")
def measure(effort: Effort) -> Iterator[Row]:
    for loop, most in EXPECTED.items() if effort.scale else [*EXPECTED.items()][:1]:
        found = child("count_programs", loop)
        samples = {"lazynd": [found["events"]]}
        note = f"{found['runs']} runs" + ("" if found["compiles"] == found["events"] else ", counters disagree")
        yield Row(loop.replace("_", " "), "programs", samples, Budget(most), note, found)
