"""Counts what a warm training step does in Python: calls by part of lazynd, frames down to the program, shared state.

The step is that of a multilayer perceptron from scratch (64-128-10, batch 64), its loss read. Run it in a checkout:
``python -m tools.count_step``; counts depend on the version of Python, for a comprehension is a call before 3.12.
"""

from __future__ import annotations

import ast
import pathlib
import sys
from collections import Counter
from types import FrameType
from typing import Any

import lazynd
from benchmarks.networks import Network, imperative

PACKAGE = pathlib.Path(lazynd.__file__).parent
#: What makes an object that can be written to, at the top of a module.
MUTABLE = {"list", "dict", "set", "deque", "defaultdict", "OrderedDict", "Counter"}


def count_calls() -> tuple[Counter[str], int]:
    """Calls of Python functions in one step, by place; and the frames from the step's read to jax's program."""
    step = imperative(Network((64, 128, 10), 64))
    for _ in range(5):
        float(step().asscalar())
    calls: Counter[str] = Counter()
    deepest = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal deepest
        if event == "call":
            calls[_place(frame.f_code.co_filename)] += 1
            if frame.f_code.co_qualname == "Compiled.__call__" and "jax" in frame.f_code.co_filename:
                deepest = _frames(frame)

    loss = step()
    loss.asnumpy()
    sys.setprofile(note)
    loss = step()
    loss.asnumpy()
    sys.setprofile(None)
    return calls, deepest


def _place(filename: str) -> str:
    path = pathlib.Path(filename)
    if PACKAGE in path.parents:
        return "/".join(path.relative_to(PACKAGE).parts[:2])
    return "jax" if "jax" in path.parts else "Python" if "lib" in path.parts else "the step"


def _frames(frame: FrameType | None) -> int:
    """Frames of lazynd between the program and the step."""
    count = -1
    while frame is not None and _place(frame.f_code.co_filename) != "the step":
        count += 1
        frame = frame.f_back
    return count


def containers() -> list[str]:
    """Names at the top of modules that hold containers which are made empty, so are written to later."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            value = getattr(node, "value", None)
            if isinstance(node, ast.Assign | ast.AnnAssign) and _is_container(value):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [target.id for target in targets if isinstance(target, ast.Name)]
                found += [f"{path.relative_to(PACKAGE)}: {name}" for name in names]
    return found


def _is_container(value: ast.expr | None) -> bool:
    if isinstance(value, ast.List | ast.Dict | ast.Set):
        return not getattr(value, "elts", None) and not getattr(value, "keys", None)
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in MUTABLE and (
        not value.args or value.func.id == "defaultdict"
    )  # fmt: skip


def main() -> None:
    calls, frames = count_calls()
    print(f"{sum(calls.values())} Python calls, {frames} frames from the read to the program")
    for place, count in sorted(calls.items(), key=lambda item: -item[1]):
        print(f"{count:5}  {place}")
    shared = containers()
    print(f"{len(shared)} containers at the top of modules, made empty and filled later")
    for name in shared:
        print(f"       {name}")


if __name__ == "__main__":
    main()
