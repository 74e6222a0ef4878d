"""What somebody waits for who starts to train: a process with an empty cache on disk, and one that finds it filled."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from ..nets import NETS
from ..process import child
from ..registry import figure
from ..result import Row
from ..timing import Effort, Samples

#: Subjects, and what the child calls them.
SUBJECTS = {"lazynd": "imperative", "hybridized": "hybridized", "compiled at once": "imperative", "jax.jit": "jax.jit"}
PROCESSES = ("first process", "second process")
#: jax keeps nothing that is compiled quickly, unless told to.
_KEEP_ALL = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1"}


@figure("seconds from an import to the end of the first step, cache on disk empty and then there")
def measure(effort: Effort) -> Iterator[Row]:
    chosen = [i for i, net in enumerate(NETS) if not net.small] if effort.scale else [1]
    for number in chosen:
        found: dict[str, Samples] = {}
        for turn in range(effort.some_rounds(3)):
            for i in range(len(SUBJECTS)):
                who = list(SUBJECTS)[(turn + i) % len(SUBJECTS)]
                for process, cost in zip(PROCESSES, _two_processes(number, who), strict=True):
                    for kind, seconds in cost.items():
                        found.setdefault(f"{process}, {kind}", {}).setdefault(who, []).append(seconds)
        for what, samples in found.items():
            yield Row(f"{NETS[number].name}: {what}", "s", samples)


def _two_processes(number: int, who: str) -> list[dict[str, float]]:
    """CPU seconds and seconds on the clock of two processes that share a cache, which is empty for the first."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"LAZYND_CACHE": folder}
        if who == "jax.jit":
            settings = {"JAX_COMPILATION_CACHE_DIR": folder, **_KEEP_ALL}
        elif who == "compiled at once":  # else the first step may be interpreted, and the cache not asked
            settings["LAZYND_TIER"] = "compiled"
        return [child("cold_step", number, SUBJECTS[who], **settings) for _ in PROCESSES]
