"""Modules whose functions are the operators that MXNet's names put there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..ops import every_name, find
from ..reference import absent
from .generate import make_function


def namespace(module: str, prefix: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a module that has each operator called ``prefix`` and a name, by that name."""

    def __getattr__(name: str) -> Any:
        operator = None if name.startswith("__") else find(prefix + name)
        if operator is None:
            raise absent(module.removeprefix("lazynd."), name)
        made = make_function(operator, name)
        setattr(sys.modules[module], name, made)
        return made

    def __dir__() -> list[str]:
        written = getattr(sys.modules[module], "__all__", ())
        return sorted({*written, *(n.removeprefix(prefix) for n in every_name() if n.startswith(prefix))})

    return __getattr__, __dir__
