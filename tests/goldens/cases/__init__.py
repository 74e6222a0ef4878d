"""The cases: one module a family, each with ``CASES``, a list of cases by MXNet's registered name of the operator."""

from __future__ import annotations

import importlib
import pkgutil

from ..case import Case


def families() -> dict[str, dict[str, list[Case]]]:
    """Every family's cases, by the name of its module."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").CASES for name in names}
