"""Runs the probes of a transcript of real MXNet 1.9.1 and compares what they show.

A probe is a statement (``>>>`` with ``...`` continuations) and what MXNet printed: the value's repr, printed text, or
``!! class: message`` for an exception.
"""

from __future__ import annotations

import ast
import contextlib
import io
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
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    try:
        with contextlib.redirect_stdout(out), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(tree, "<probe>", "exec"), namespace)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), "<probe>", "eval"), namespace)
                if value is not None:
                    print(repr(value))
    except Exception as error:
        return f"{out.getvalue()}!! {type(error).__name__}: {error}"
    return out.getvalue()


_SCALAR = re.compile(r"np\.(?:float|int|uint)\d+\(([^()]*)\)|np\.(True|False)_")


def canonical(text: str) -> str:
    """Blank lines aside; NumPy 2's spelling of a bare scalar as NumPy 1's; a class by its name."""
    text = _SCALAR.sub(lambda m: m.group(1) or m.group(2), text)
    text = text.replace("dtype=np.", "dtype=")
    return "\n".join(line.rstrip() for line in text.strip().splitlines() if line.strip() and not line.startswith("??"))


def error_class(text: str) -> str | None:
    found = re.search(r"^!! (?:[\w.]*\.)?(\w+):", text, re.MULTILINE)
    return found.group(1) if found else None


def agrees(probe: Probe) -> bool:
    expected, shown = error_class(probe.expected), error_class(probe.shown)
    if expected or shown:
        return expected == shown
    return canonical(probe.expected) == canonical(probe.shown)


def run(probes: list[Probe]) -> list[Probe]:
    """Fill in what each probe shows; sections share nothing."""
    namespaces: dict[str, dict[str, Any]] = {}
    for probe in probes:
        fresh = {"mx": lazynd, "nd": lazynd.nd, "autograd": lazynd.autograd, "np": np}
        namespace = namespaces.setdefault(probe.section, fresh)
        probe.shown = execute(probe.code, namespace)
    return probes


SECTIONS = {"01", "02", "03", "04", "05", "06", "07", "08", "11", "12", "13", "14", "15", "17", "20", "22", "23", "32"}


def main() -> None:
    probes = run(load(DATA / "semantics_transcript.txt", SECTIONS))
    wrong = [p for p in probes if not agrees(p)]
    for probe in wrong:
        print(f"---- {probe.name}\n>>> {probe.code}")
        print(f"expected: {probe.expected.strip()}\nshown:    {probe.shown.strip()}")
    print(f"{len(probes) - len(wrong)} of {len(probes)} agree")


if __name__ == "__main__":
    main()
