"""Functions and methods of symbols, made from the registry when first used."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..ops import OPERATORS, Operator, every_name, find
from ..ops.signature import shown
from ..reference import absent
from .compose import compose
from .symbol import ADD_METHODS, Symbol

_KEYWORDS = ("name", "attr")


def make_function(operator: Operator, name: str, hint: str = "", method: bool = False) -> Callable[..., Any]:
    """The function ``name`` of symbols, or the method; ``hint`` is what MXNet makes names of, if not of ``name``."""

    def composed(*args: Any, **kwargs: Any) -> Symbol:
        return Symbol(compose(operator, hint or name, args, kwargs))

    composed.__name__ = composed.__qualname__ = name
    composed.__module__ = "lazynd.sym"
    composed.__doc__ = (
        f"{operator.__doc__}\n\nA symbol of it: inputs that are left out become variables, ``name`` and ``attr`` are "
        f"its name and attributes. See its types: ``python -m lazynd operators {operator.name}``."
    )
    composed.operator = operator  # type: ignore[attr-defined]  # for those who ask a function what it is
    composed.__signature__ = shown(operator, _KEYWORDS, method)  # type: ignore[attr-defined]  # for help()
    return composed


class _Method:
    """A method of ``Symbol`` from the registry, made when it is first looked up."""

    __slots__ = ("_name", "_operator")

    def __init__(self, operator: Operator, name: str) -> None:
        self._operator, self._name = operator, name

    def __get__(self, symbol: Symbol | None, owner: type[Symbol]) -> Any:
        made = make_function(self._operator, self._name, method=True)
        setattr(Symbol, self._name, made)
        return made.__get__(symbol, owner)


def add_methods(operator: Operator) -> None:
    """Give ``Symbol`` the methods of ``operator``, under every name that it does not use for something else."""
    if operator.method:
        for name in operator.names:
            if not name.startswith("_") and not any(name in vars(each) for each in Symbol.__mro__):
                setattr(Symbol, name, _Method(operator, name))


def namespace(module: str, *prefixes: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a module that has each operator called a prefix and a name, by that name."""

    def __getattr__(name: str) -> Any:
        found = () if name.startswith("__") else (find(prefix + name) for prefix in prefixes)
        operator = next((each for each in found if each is not None), None)
        if operator is None:
            raise absent(module.removeprefix("lazynd."), name)
        made = make_function(operator, name)
        setattr(sys.modules[module], name, made)
        return made

    def __dir__() -> list[str]:
        written = getattr(sys.modules[module], "__all__", ())
        names = [n.removeprefix(p) for p in prefixes for n in every_name() if n.startswith(p)]
        return sorted({*written, *names})

    return __getattr__, __dir__


for _each in dict.fromkeys(OPERATORS.values()):
    add_methods(_each)
ADD_METHODS.append(add_methods)
