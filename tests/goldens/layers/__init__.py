"""Cases of blocks, by family: a module each."""

from __future__ import annotations

import importlib
import pkgutil

from ..blocks import BlockCase


def families() -> dict[str, list[BlockCase]]:
    """The cases of each family, by its name."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").CASES for name in names}
