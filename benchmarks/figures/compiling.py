"""The first step of a process, which compiles; and the same where the programs are kept on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from ..process import child
from ..registry import figure
from ..result import Row
from ..timing import Effort, interleave

#: Operators of one program at most (``config.program_nodes``), in a chain.
_LENGTH = 1500
#: At its first run, not when that has come often enough to pay.
COMPILED = {"LAZYND_TIER": "compiled"}


@figure("the first training step of a process, which compiles")
def measure(effort: Effort) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        warmed = child("first_step", "lazynd", LAZYND_CACHE=folder, **COMPILED)
        cases = {
            "lazynd": lambda: child("first_step", "lazynd", **COMPILED)["seconds"],
            "jax.jit": lambda: child("first_step", "jax")["seconds"],
            "without passes": lambda: child("first_step", "bare", **COMPILED)["seconds"],
            "cache warm": lambda: child("first_step", "lazynd", LAZYND_CACHE=folder, **COMPILED)["seconds"],
        }
        loaded = child("first_step", "lazynd", LAZYND_CACHE=folder, **COMPILED)["loaded"]
        if not loaded:
            del cases["cache warm"]
        samples = interleave(cases, effort.some_rounds(3), warm_up=False)
        details = {"programs": warmed["programs"], "loaded": loaded}
        note = f"{loaded} programs loaded" if loaded else "no persistent cache"
        yield Row("perceptron", "s", samples, note=note, details=details)
    chains = {
        "lazynd": lambda: child("long_chain", "divided", _LENGTH, **COMPILED),
        "products alone": lambda: child("long_chain", "multiplied", _LENGTH, **COMPILED),
    }
    samples = interleave(chains, effort.some_rounds(3), warm_up=False)
    yield Row(f"{_LENGTH:,} products and quotients", "s", samples)
