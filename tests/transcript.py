"""Runs the probes of a transcript of real MXNet 1.9.1 and compares what they show.

A probe is a statement (``>>>`` with ``...`` continuations) and what MXNet printed: the value's repr, printed text, or
``!! class: message`` for an exception. A probe that names a module which lazynd lacks, or a variable that such a probe
set, is not run: it waits for the module, and counts as soon as that is there.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import os
import pathlib
import re
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import lazynd

DATA = pathlib.Path(__file__).parent / "data"


@dataclass
class Probe:
    section: str
    line: int
    code: str
    expected: str = ""
    shown: str = field(default="", compare=False)
    waits: bool = field(default=False, compare=False)

    @property
    def name(self) -> str:
        return f"{self.section}:{self.line}"


def load(path: pathlib.Path, sections: set[str]) -> list[Probe]:
    probes: list[Probe] = []
    section = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#### "):
            section = line[5:7]
        elif section not in sections:
            continue
        elif line.startswith(">>> "):
            probes.append(Probe(section, number, line[4:]))
        elif line.startswith("... ") and probes and not probes[-1].expected:
            probes[-1].code += "\n" + line[4:]
        elif line.strip() == "..." and probes and not probes[-1].expected:
            continue
        elif probes:
            probes[-1].expected += line + "\n"
    return probes


def execute(code: str, namespace: dict[str, Any]) -> str:
    """What the probe shows here, in the transcript's form."""
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for statement in ast.parse(code).body:
                if not isinstance(statement, ast.Expr):
                    exec(compile(ast.Module([statement], []), "<probe>", "exec"), namespace)
                    continue
                value = eval(compile(ast.Expression(statement.value), "<probe>", "eval"), namespace)
                if value is not None:
                    print(repr(value))
    except Exception as error:
        return f"{out.getvalue()}!! {type(error).__name__}: {error}"
    return out.getvalue()


_SCALAR = re.compile(r"np\.(?:float|int|uint)\d+\(([^()]*)\)|np\.(True|False)_")
_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+)'>")
_FRACTION = re.compile(r"(?<![\w.])-?\d+\.\d*(?:e[+-]\d+)?")


def canonical(text: str) -> str:
    """Blank lines aside; NumPy 2's spelling of a bare scalar as NumPy 1's; a class by its name."""
    text = _SCALAR.sub(lambda m: m.group(1) or m.group(2), text)
    text = _CLASS.sub(r"<class '\1'>", text).replace("dtype=np.", "dtype=")
    return "\n".join(line.rstrip() for line in text.strip().splitlines() if line.strip() and not line.startswith("??"))


def _spaced(text: str) -> str:
    """``text`` with one blank between numbers and none within brackets."""
    return re.sub(r"(?<=\[) | (?=\])", "", " ".join(text.split()))


def same_values(expected: str, shown: str) -> bool:
    """Whether two texts are one but for the rounding of float32.

    Fractions may differ by 16 units in the last place of the largest that is printed: MXNet's exponentials and
    logarithms alone are off by ten (its ``log_softmax`` of 1, 2, 3 begins with -2.4076037, not -2.4076060). Whatever
    is printed with more digits than a float32 has, or without a point, is compared as it stands.
    """
    if expected == shown:
        return True
    if _spaced(_FRACTION.sub("#", expected)) != _spaced(_FRACTION.sub("#", shown)):
        return False
    pairs = list(zip(_FRACTION.findall(expected), _FRACTION.findall(shown), strict=True))
    if any(len(re.sub(r"e.*|\D", "", text).lstrip("0")) > 9 for pair in pairs for text in pair):
        return False
    largest = max(abs(float(text)) for text, _ in pairs)
    return all(abs(float(a) - float(b)) <= 16 * 2**-23 * largest for a, b in pairs)


def error_class(text: str) -> str | None:
    found = re.search(r"^!! (?:[\w.]*\.)?(\w+):", text, re.MULTILINE)
    return found.group(1) if found else None


def agrees(probe: Probe) -> bool:
    expected, shown = error_class(probe.expected), error_class(probe.shown)
    if expected or shown:
        return expected == shown
    return same_values(canonical(probe.expected), canonical(probe.shown))


def agrees_aside(probe: Probe) -> bool:
    """Whether all agrees but for numbers, which were drawn."""
    return _shape_of(probe.expected) == _shape_of(probe.shown) != ""


def _shape_of(text: str) -> str:
    return _spaced(re.sub(r"(?<![\w@(])-?\d+(?:\.\d*)?(?:e[+-]\d+)?(?![x)\d])", "#", canonical(text)))


#: What the transcript's probes were given besides ``mx``, and where it lies there.
MODULES = {
    "nd": "nd", "autograd": "autograd", "gluon": "gluon", "nn": "gluon.nn", "gloss": "gluon.loss", "init": "init",
    "sym": "sym",
}  # fmt: skip


def built() -> dict[str, Any]:
    """Those of the modules that lazynd has."""
    found = {}
    for name, path in MODULES.items():
        with contextlib.suppress(NotImplementedError):
            found[name] = functools.reduce(getattr, path.split("."), lazynd)
    return found


def names(code: str, context: type[ast.expr_context]) -> set[str]:
    """The names that a probe loads, or stores."""
    tree = ast.walk(ast.parse(code))
    return {node.id for node in tree if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def run(probes: list[Probe]) -> list[Probe]:
    """Fill in what each probe shows, or that it waits for a module; sections share nothing."""
    modules = built()
    namespaces: dict[str, dict[str, Any]] = {}
    waiting: dict[str, set[str]] = {}
    for probe in probes:
        fresh = {"mx": lazynd, "np": np, "os": os, **modules}
        namespace = namespaces.setdefault(probe.section, fresh)
        unknown = waiting.setdefault(probe.section, MODULES.keys() - modules.keys())
        probe.waits = bool(names(probe.code, ast.Load) & unknown)
        stored = names(probe.code, ast.Store)
        unknown.update(stored if probe.waits else ())
        if not probe.waits:
            unknown -= stored
            probe.shown = execute(probe.code, namespace)
            if re.search(r"mxnet\.sym\S* is not built yet", probe.shown):  # a part of a module that is there
                probe.waits = True
                unknown.update(stored)
    return probes


#: All but those on Gluon, Symbol and optimizers alone.
SECTIONS = {
    "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19",
    "20", "21", "22", "23", "26", "27", "28", "29", "30", "31", "32", "37", "38", "39", "41", "42",
}  # fmt: skip


def main() -> None:
    every = run(load(DATA / "semantics_transcript.txt", SECTIONS))
    probes = [p for p in every if not p.waits]
    wrong = [p for p in probes if not agrees(p)]
    for probe in wrong:
        print(f"---- {probe.name}\n>>> {probe.code}")
        print(f"expected: {probe.expected.strip()}\nshown:    {probe.shown.strip()}")
    print(f"{len(probes) - len(wrong)} of {len(probes)} agree, {len(every) - len(probes)} wait for modules")


if __name__ == "__main__":
    main()
