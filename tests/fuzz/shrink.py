"""The smallest failing program inside a failing one, as a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .program import DEFAULTS, source
from .run import Failure, Invalid, check, forget

Runs = list[list[str]]


def fails(settings: dict[str, Any], runs: Runs, kind: str) -> bool:
    """Whether ``runs`` fail as the program did that is being shrunk."""
    forget()
    try:
        failure = check(settings, runs)
    except Invalid:
        return False
    return failure is not None and failure.kind == kind


def shrink(settings: dict[str, Any], runs: Runs, kind: str) -> Runs:
    """``runs`` (one structure, its lines in parallel) with as many lines deleted as can be while it still fails."""
    for fewer in ([runs[0]], [runs[-1]], runs[:2]):
        if len(runs) > len(fewer) and fails(settings, fewer, kind):
            runs = fewer
            break
    size = max(len(runs[0]) // 2, 1)
    while True:
        at, smaller = 0, False
        while at < len(runs[0]):
            trial = [lines[:at] + lines[at + size :] for lines in runs]
            if trial[0] and fails(settings, trial, kind):
                runs, smaller = trial, True
            else:
                at += size
        if size > 1:
            size //= 2
        elif not smaller:
            return runs


def script(settings: dict[str, Any], runs: Sequence[Sequence[str]], failure: Failure, seed: str) -> str:
    """A runnable program that shows the failure; the last thing that it forces is wrong."""
    out = [f"# found by {seed}", "import gc", "import lazynd", "from lazynd import autograd, nd"]
    backend = settings.get("backend")
    for name, value in settings.items():
        if name == "backend":
            value = "numpy" if value == "donating" else value
        if value != DEFAULTS.get(name):
            out.append(f"lazynd.config.{name} = {value!r}")
    if backend == "donating":
        out.append("# (ran on the interpreter with donated buffers overwritten: tests/fuzz/donating.py)")
    out += [
        "",
        "def force(array):",
        "    print(array.asnumpy())",
        "",
        "def attempt(expected, call):",
        "    try:",
        "        call()",
        "        print('nothing raised, expected', expected)",
        "    except Exception as error:",
        "        print(type(error).__name__, 'expected', expected)",
    ]
    for number, lines in enumerate(runs):
        out += ["", f"def run_{number}():", "    nd.random.seed(0)", source(lines, "    ").rstrip(), ""]
    out += [f"run_{number}()" for number in range(len(runs))]
    where = "" if failure.at is None else f" the {failure.at + 1}th thing shown"
    out.append(f"# in run_{failure.run}:{where} {failure.text}".replace("\n", "\n# "))
    return "\n".join(out)
