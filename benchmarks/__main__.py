"""The command line: measure, print, write."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from collections.abc import Sequence

import lazynd

from .process import close_oracle
from .registry import Figure, discover
from .report import document, machine, summary, table, versions
from .result import Row
from .timing import FULL, QUICK, TINY, Effort

EFFORTS = {"full": FULL, "quick": QUICK, "tiny": TINY}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the named figures, or all; 0 whether budgets are met or not, for a figure is not a test."""
    figures = discover()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"figures: {', '.join(figures)}")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and repetitions")
    parser.add_argument("--effort", choices=EFFORTS, default="full", help=argparse.SUPPRESS)
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every round to FILE")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in figures]
    if unknown:
        parser.error(f"no figure {unknown[0]!r}; there are: {', '.join(figures)}")
    # What is measured here is the steady state. First runs are measured in processes of their own, as users have them.
    lazynd.config.tier = "compiled"
    effort = QUICK if options.quick else EFFORTS[options.effort]
    print(" ".join(f"{name} {value}" for name, value in {**versions(), **machine()}.items()), flush=True)
    measured: list[tuple[Figure, list[Row]]] = []
    try:
        for name in options.names or figures:
            rows = list(figures[name].measure(effort))
            measured.append((figures[name], rows))
            print(f"\n{table(figures[name], rows)}", flush=True)
    finally:
        close_oracle()
    print(f"\n{summary(measured)}")
    if options.json is not None:
        write(options.json, measured, effort)
    return 0


def write(path: pathlib.Path, measured: Sequence[tuple[Figure, Sequence[Row]]], effort: Effort) -> None:
    path.write_text(json.dumps(document(measured, effort), indent=1) + "\n", encoding="utf-8")
    print(f"written to {path}")


if __name__ == "__main__":
    sys.exit(main())
