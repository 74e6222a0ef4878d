"""Passes by name, with options: what the command line says, as functions from graph to graph.

An option of a pass is a keyword-only parameter of its function with a default that is a bool, int, float or str:

    def fold_constants(graph: Graph, *, most: int = 64) -> Graph: ...

and ``fold_constants:most=8`` is that pass with another bound.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from ..ir.graph import Graph
from . import OPERATORS, PRIMITIVES, Pass, expand, name_of

LEVELS: Final[Mapping[str, tuple[Pass, ...]]] = {
    "on operators, as recorded": OPERATORS,
    "from operators to primitives": (expand,),
    "on primitives": PRIMITIVES,
}
KNOWN: Final[Mapping[str, Pass]] = {name_of(step): step for level in LEVELS.values() for step in level}


class PassError(ValueError):
    """There is no such pass, or it has no such option."""


def options_of(step: Pass) -> dict[str, Any]:
    """The options of ``step`` with their defaults.

    >>> from lazynd.passes import fold_constants
    >>> options_of(fold_constants)
    {'most': 64}
    """
    found = inspect.signature(step).parameters.values()
    return {p.name: p.default for p in found if p.kind is p.KEYWORD_ONLY and type(p.default) in _READERS}


def parse_pass(text: str) -> Pass:
    """The pass that ``NAME`` or ``NAME:option=value:option=value`` says; ``PassError`` if there is none.

    ``NAME`` is that of a pass of the pipeline, or ``module.function`` for one of your own.

    >>> parse_pass("fold_constants:most=8").keywords
    {'most': 8}
    >>> parse_pass("fold_constant")
    Traceback (most recent call last):
    ...
    lazynd.passes.options.PassError: there is no pass 'fold_constant'; near: fold_constants
    """
    name, *given = text.split(":")
    step = _find(name)
    known = options_of(step)
    chosen: dict[str, Any] = {}
    for each in given:
        option, equals, value = each.partition("=")
        if not equals or option not in known:
            has = ", ".join(f"{k}={v}" for k, v in known.items())
            what = f"{each!r} is not option=value" if not equals else f"{name} has no option {option!r}"
            raise PassError(f"{what}{_near(option, known)}" + (f"; it has {has}" if has else "; it has none"))
        try:
            chosen[option] = _READERS[type(known[option])](value)
        except ValueError as error:
            kind = type(known[option]).__name__
            raise PassError(f"the option {option} of {name} is of type {kind}, not {value!r}") from error
    return partial(step, **chosen) if chosen else step


def listing() -> str:
    """Every pass of the pipeline, a line each, by level."""
    return "\n".join(
        line for title, level in LEVELS.items() for line in (f"{title}:", *(f"  {describe(step)}" for step in level))
    )


def describe(step: Pass) -> str:
    """One line: the name, the options with their defaults, and the first line of what the pass is for."""
    name = ":".join([name_of(step), *(f"{k}={v}" for k, v in options_of(step).items())])
    meaning = inspect.getdoc(step) or ""
    return f"{name:28} {meaning.partition(chr(10))[0]}"


def _find(name: str) -> Pass:
    if name in KNOWN:
        return KNOWN[name]
    module, dot, function = name.rpartition(".")
    if not dot:
        raise PassError(f"there is no pass {name!r}{_near(name, KNOWN)}")
    try:
        found: Pass = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise PassError(f"there is no pass {name!r}: {error}") from error
    if not callable(found):
        raise PassError(f"{name!r} is no function")
    return _own(name, found)


def _own(name: str, function: Pass) -> Pass:
    """A function from elsewhere as a pass: it takes a graph and gives one."""
    try:
        inspect.signature(function).bind(None)
    except (TypeError, ValueError) as error:
        raise PassError(f"{name!r} is no pass: it does not take a graph alone") from error

    @functools.wraps(function)
    def step(graph: Graph, **given: Any) -> Graph:
        try:
            made = function(graph, **given)
        except Exception as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                raise  # from inside of it
            raise PassError(f"{name!r} is no pass: {error}") from error
        if not isinstance(made, Graph):
            raise PassError(f"{name!r} is no pass: it gave {type(made).__name__}, no graph")
        return made

    return step


def _near(name: str, names: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, names, 3, 0.4)
    return f"; near: {', '.join(near)}" if near else ""


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise ValueError(text)
    return text.lower() in ("true", "1")


#: How the value of an option is read, by the type of its default.
_READERS: Final[Mapping[type, Callable[[str], Any]]] = {bool: _truth, int: int, float: float, str: str}
