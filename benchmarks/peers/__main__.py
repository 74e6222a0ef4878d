"""``python -m benchmarks.peers [NAME ...]``: lazynd beside MXNet, jax by hand and torch."""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from ..process import ROOT
from ..report import machine, versions
from .measure import best_peer, measured, ratio
from .subjects import absent
from .workloads import WORKLOADS

HISTORY = pathlib.Path(__file__).resolve().parent.parent / "history"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the named workloads, or all; print a table of each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"workloads: {', '.join(WORKLOADS)}")
    parser.add_argument("--quick", action="store_true", help="short rounds, no first steps")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of all subjects in turns (default 3)")
    parser.add_argument("--keep", action="store_true", help="write the figures to benchmarks/history, by commit")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in WORKLOADS]
    if unknown:
        parser.error(f"no workload {unknown[0]!r}; there are: {', '.join(WORKLOADS)}")
    facts = {**versions(), **machine()}
    print(" ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    for peer, why in absent().items():
        print(f"absent: {peer} ({why})", flush=True)
    found: dict[str, Any] = {}
    for name in options.names or WORKLOADS:
        seconds = 0.3 if options.quick else 1.0
        found[name] = measured(WORKLOADS[name], options.rounds, seconds, beginnings=not options.quick)
        print(f"\n{table(found[name])}", flush=True)
    if options.keep:
        keep({"commit": commit(), "date": datetime.now(UTC).isoformat(timespec="seconds"),
              "facts": facts | peers_versions(found), "absent": absent(), "workloads": found})  # fmt: skip
    return 0


def peers_versions(found: dict[str, Any]) -> dict[str, str]:
    """The versions of the frameworks that ran, as they say."""
    return {n.split()[0]: each["version"] for w in found.values() for n, each in w["subjects"].items()}


def table(workload: dict[str, Any]) -> str:
    """A line a subject: times, ours to the best peer's, memory, first steps."""
    told = workload["subjects"]
    lines = [workload["title"], *(f"  RESULTS DIFFER in the {each}" for each in workload["differences"][:5])]
    lines.append(f"  {'':24}{'wall ms':>9}{'CPU ms':>9}{'wall x':>8}{'CPU x':>7}{'MB':>6}   "
                 "CPU s to step 1 cold, warm; to step 20 cold, warm")  # fmt: skip
    for name, each in told.items():
        times = "".join(f"{median(each[kind]) * 1e3:9.2f}" for kind in ("wall", "cpu"))
        marks = "".join(_times_best(workload, name, kind, width) for kind, width in (("wall", 8), ("cpu", 7)))
        lines.append(f"  {name:24}{times}{marks}{each['peak'] / 2**20:6.0f}   {_beginnings(each)}".rstrip())
    lines += _parts(told)
    return "\n".join(lines)


def _parts(told: dict[str, Any]) -> list[str]:
    """Where our time goes, in milliseconds: a line a spelling."""
    found = {name: each["parts"] for name, each in told.items() if "parts" in each}
    return [
        f"  {name:24}of it Python {(each['recording'] + each['planning']) * 1e3:.2f} (recording "
        f"{each['recording'] * 1e3:.2f}), calling {each['call'] * 1e3:.2f}; its {each['programs']:.0f} programs alone "
        f"{each['alone'] * 1e3:.2f}, CPU {each['alone_cpu'] * 1e3:.2f}"
        for name, each in found.items()
    ]


def _times_best(workload: dict[str, Any], name: str, kind: str, width: int) -> str:
    if not name.startswith("lazynd"):
        ours = [each for each in workload["subjects"] if each.startswith("lazynd")]
        return f"{'best' if name in {best_peer(workload, each, kind) for each in ours} else '':>{width}}"
    found = ratio(workload, name, kind)
    return f"{'' if found is None else f'{found:.2f}':>{width}}"


def _beginnings(each: dict[str, Any]) -> str:
    if "cold" not in each:
        return ""
    return "; ".join(
        ", ".join(f"{each[which][step]['cpu']:.2f}" for which in ("cold", "warm")) for step in ("first", "twentieth")
    )


def commit() -> str:
    """The commit that is checked out; with a plus if files differ from it."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"


def keep(record: dict[str, Any], folder: pathlib.Path = HISTORY) -> pathlib.Path:
    """Write a record where the page of the documentation finds it: a workload a line, four digits a number."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record['date'][:10]}-{record['commit']}.json"
    path.write_text(json.dumps(_rounded(record), indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {path.name}")
    return path


def _rounded(value: Any) -> Any:
    """Times keep five digits: more is noise."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
