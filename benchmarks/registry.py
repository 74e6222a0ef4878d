"""Figures by name: every module of ``benchmarks.figures`` declares one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from . import figures
from .result import Row
from .timing import Effort

Measure = Callable[[Effort], Iterable[Row]]


@dataclass(frozen=True)
class Figure:
    """One figure: its rows are measured by ``measure``."""

    name: str
    title: str
    measure: Measure


FIGURES: dict[str, Figure] = {}


def figure(title: str) -> Callable[[Measure], Measure]:
    """Register the decorated function as the figure of its module."""

    def register(measure: Measure) -> Measure:
        name = measure.__module__.rpartition(".")[2]
        if name in FIGURES:
            raise TypeError(f"figure {name!r} is declared twice")
        FIGURES[name] = Figure(name, title, measure)
        return measure

    return register


def discover() -> dict[str, Figure]:
    """All figures, by the names of their files."""
    for module in pkgutil.iter_modules(figures.__path__, figures.__name__ + "."):
        importlib.import_module(module.name)
    return FIGURES
