"""Results as a table for people and as JSON for machines."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .registry import Figure
from .result import OURS, Row
from .timing import Effort

HEADER = ("", OURS, "[low, high]", "others, and ours as a multiple of theirs", "budget", "")


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def versions() -> dict[str, str]:
    """Python's version and those of the packages that matter."""
    found = {"python": sys.version.split()[0]}
    for name in ("lazynd", "jax", "jaxlib", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def document(measured: Sequence[tuple[Figure, Sequence[Row]]], effort: Effort) -> dict[str, Any]:
    """Everything measured, as JSON's types."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "effort": effort.name,
        "figures": {
            figure.name: {"title": figure.title, "rows": [row.to_json() for row in rows]} for figure, rows in measured
        },
    }


def number(value: float) -> str:
    """Three digits, without an exponent."""
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 4
    return f"{value:.{digits}f}"


def cells(row: Row) -> tuple[str, ...]:
    """The row's columns, as in ``HEADER``."""
    ours = row.samples[OURS]
    others = [f"{name} {number(row.middle(name))} ({number(row.ratio(name))}x)" for name in row.samples if name != OURS]
    verdict = {None: "", True: "met", False: "MISSED"}[row.met]
    return (
        row.name,
        f"{number(row.middle())} {row.unit}",
        f"[{number(min(ours))}, {number(max(ours))}]",
        ", ".join(others),
        _budget(row),
        " ".join(filter(None, (verdict, row.note))),
    )


def _budget(row: Row) -> str:
    if row.budget is None:
        return ""
    if row.budget.against is None:
        return f"{number(row.budget.limit)} {row.unit}"
    return f"{number(row.budget.limit)}x {row.budget.against}"


def table(figure: Figure, rows: Iterable[Row]) -> str:
    """A figure as aligned text."""
    lines = [HEADER, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([f"{figure.name}: {figure.title}", *(f"  {line}" for line in text)])


def summary(measured: Sequence[tuple[Figure, Sequence[Row]]]) -> str:
    """How many budgets are met, and which are not."""
    judged = [(figure, row) for figure, rows in measured for row in rows if row.met is not None]
    missed = [(figure, row) for figure, row in judged if not row.met]
    lines = [f"{len(judged) - len(missed)} of {len(judged)} budgets met"]
    for figure, row in missed:
        assert row.judged is not None
        unit = row.unit if row.budget is not None and row.budget.against is None else "x"
        lines.append(f"  missed: {figure.name}, {row.name}: {number(row.judged)} {unit} of {_budget(row)}")
    return "\n".join(lines)
