"""Random graphs over the operators of the registry: optimised and compiled, against the interpreter as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lazynd.backends import get_backend
from lazynd.backends.numpy import evaluate
from lazynd.backends.numpy.steps import Steps
from lazynd.backends.numpy.subnormals import Flushed
from lazynd.ir.flatten import flatten
from lazynd.ir.graph import Graph
from lazynd.ir.text import print_graph
from lazynd.ir.verify import verify
from lazynd.passes import run_pipeline

from .graph_plan import ALL, FAMILIES, Built, Plan, Use, build, dealt, family_of, plan
from .tally import Found, Tally

Results = list[np.ndarray[Any, Any]]

#: Roundings that a compiler's result may be worse by than the interpreter's own error in the same precision.
SLACK = 64

#: Graphs that are compiled together.
BATCH = 16

EVENTS = (
    *(f"operators of {family}" for family in FAMILIES), "gradients", "a result used again", "a result used twice",
    "several results", "a number as input", "the same twice", "float32", "float64",
)  # fmt: skip


def interpret(built: Built) -> Results:
    return evaluate(flatten(built.graph), [*built.arrays, *built.slots])


def in_steps(built: Built, graph: Graph) -> Results:
    with np.errstate(all="ignore"), Flushed():
        made: Results = Steps(graph)([*built.arrays, *built.slots])
    return made


def compiled(built: Built, graph: Any) -> Results:
    backend = get_backend("xla")
    executable, _ = backend.compile(graph, len(built.slots), (), False)
    types = [node.type for node in graph.inputs]
    placed = [backend.put(np.array(a), t.context) for a, t in zip(built.arrays, types, strict=False)]
    return [np.asarray(b) for b in executable(placed, [n.item() for n in built.slots])]


def difference(plans: Sequence[Plan], seed: int, dtype: str) -> str | None:
    """Where optimised results, interpreted or compiled, are not those of the graph as it was built.

    What is allowed follows from what the arithmetic itself can do. In float32: as much again, times 8, as the
    interpreter in float32 differs from the interpreter in float64, which measures how the graph amplifies
    roundings; and 64 roundings of the largest number, or of 1, among the results. In float64 there is nothing wider:
    the amplification measured in float32 is scaled to the roundings of float64, or of the narrowest result (draws
    and casts have dtypes of their own).
    """
    built = build(plans, seed, dtype)
    expected = interpret(built)
    narrow = expected if dtype == "float32" else interpret(build(plans, seed, "float32"))
    wide = expected if dtype == "float64" else interpret(build(plans, seed, "float64"))
    eps = max(float(np.finfo(each.dtype).eps) for each in expected if each.dtype.kind == "f")
    verify(built.graph)
    graph = run_pipeline(built.graph, check=True)
    largest = max(1.0, *map(_largest, expected))
    flat = flatten(built.graph)
    for number, (a, b) in enumerate(zip(in_steps(built, flat), expected, strict=True)):
        if a.dtype != b.dtype or not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            return f"output {number} in steps is not what the reference makes of it"
    arms = {"interpreted": in_steps(built, flatten(graph)), "XLA": compiled(built, graph)}
    for who, found in arms.items():
        for number, (a, b, n, w) in enumerate(zip(found, expected, narrow, wide, strict=True)):
            text = _differs(a, b, 8 * _apart(n, w) * eps / float(np.finfo("float32").eps), SLACK * eps * largest)
            if text:
                return f"output {number}, optimised and {who}: {text}"
    return None


def _largest(array: Any) -> float:
    """The largest finite magnitude in a float array; 0 if there is none."""
    if array.dtype.kind != "f":
        return 0.0
    return float(np.max(np.abs(array[np.isfinite(array)]).astype(np.float64), initial=0))


def _apart(narrow: Any, wide: Any) -> float:
    with np.errstate(all="ignore"):
        return _largest(narrow.astype(np.float64) - wide.astype(np.float64))


def _differs(found: Any, expected: Any, amplified: float, rounding: float) -> str | None:
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return f"{found.dtype}{found.shape} instead of {expected.dtype}{expected.shape}"
    if expected.dtype.kind != "f" or not expected.size:
        return None if np.array_equal(found, expected) else f"\n{found}\ninstead of\n{expected}"
    allowed = amplified + rounding
    with np.errstate(all="ignore"):
        same = (found == expected) | (np.isnan(found) & np.isnan(expected)) | (np.abs(found - expected) <= allowed)
    return None if same.all() else f"(allowed {allowed:.2g})\n{found}\ninstead of\n{expected}"


def _fails(plans: Sequence[Plan], seed: int, dtype: str) -> bool:
    try:
        return difference(plans, seed, dtype) is not None
    except Exception:
        return False


def _shrunk(plans: list[Plan], seed: int, dtype: str) -> list[Plan]:
    """The first graph that differs by itself, without the uses that it can do without."""
    alone = next((each for each in plans if _fails([each], seed, dtype)), None)
    if alone is None:
        return plans
    at = 0
    while at < len(alone):
        trial = _without(alone, at)
        if trial and _fails([trial], seed, dtype):
            alone = trial
        else:
            at += 1
    return [alone]


def _without(uses: Plan, gone: int) -> Plan:
    def moved(wire: int | None) -> int | None:
        return None if wire is None or wire == gone else wire - (wire > gone)

    left = [use for k, use in enumerate(uses) if k != gone]
    return tuple(Use(u.name, u.sample, tuple(map(moved, u.wires)), u.slots, u.twice) for u in left)


def run_batch(seed: int, number: int, count: int, tally: Tally) -> None:
    """Batch ``number``: ``count`` graphs that are compiled together."""
    rng = np.random.default_rng([seed, number])
    families = dealt(rng)
    plans = [plan(rng, families) for _ in range(count)]
    dtype = "float64" if rng.random() < 0.4 else "float32"
    tally.programs += count
    for each in plans:
        tally.events.update(_events(each, dtype))
    try:
        text = difference(plans, number, dtype)
        if text is None:
            return
        plans = _shrunk(plans, number, dtype)
        text = difference(plans, number, dtype)
    except Exception as error:
        text = f"raised {type(error).__name__}: {error}"
    graph = print_graph(build(plans, number, dtype).graph, locations=False)
    call = f"difference({plans!r}, {number}, {dtype!r})"
    tally.found.append(Found(number, f"seed {seed}, batch {number}: {text}\n{graph}\n# tests.fuzz.graphs.{call}"))


def _events(uses: Plan, dtype: str) -> set[str]:
    built = build([uses], 0, dtype)
    events = {f"operators of {family_of(use.name)}" for use in uses}
    wires = [wire for use in uses for wire in use.wires if wire is not None]
    conditions = {
        "a result used again": bool(wires),
        "a result used twice": len(wires) > len(set(wires)),
        "several results": len(uses) > 1,
        "gradients": any(ALL[use.name].differentiable for use in uses),
        "a number as input": bool(built.slots),
        "the same twice": any(use.twice for use in uses),
        dtype: True,
    }
    return events | {event for event, holds in conditions.items() if holds}


def fuzz(seed: int, numbers: Iterable[int], most: int = 5) -> Tally:
    """The graphs ``numbers`` of ``seed``, in batches; stops after ``most`` failures."""
    tally = Tally()
    listed = list(numbers)
    for first in range(0, len(listed), BATCH):
        part = listed[first : first + BATCH]
        run_batch(seed, part[0], len(part), tally)
        if len(tally.found) >= most:
            break
    return tally
