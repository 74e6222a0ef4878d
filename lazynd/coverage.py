"""How much of MXNet 1.9.1 there is: its names, against the registry and the modules."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from . import nd, reference
from .ops import find

TIERS = {
    1: "used by the book Dive into Deep Learning",
    2: "used by MXNet's examples or by gluon",
    3: "used by MXNet's own tests alone",
    4: "used nowhere",
}


@dataclass(frozen=True, slots=True)
class Part:
    """Names of one place or tier: those that there are, those that there are not yet, those left out for good."""

    place: str
    built: tuple[str, ...]
    absent: tuple[str, ...]
    left_out: tuple[str, ...]


def _part(title: str, place: str, names: Iterable[str], has: Callable[[str], bool]) -> Part:
    listed = sorted(names, key=str.lower)
    built = [name for name in listed if has(name)]
    left_out = [name for name in listed if name not in built and reference.find_left_out(place, name)]
    absent = [name for name in listed if name not in built and name not in left_out]
    return Part(title, tuple(built), tuple(absent), tuple(left_out))


def operators() -> list[Part]:
    """MXNet's operators, by tier of use.

    >>> from lazynd import coverage
    >>> [len(part.built) > 0 for part in coverage.operators()][:2]
    [True, True]
    """
    known = {found.names[0]: found.tier for found in reference.operators().values()}
    return [_part(f"tier {t}: {text}", "", [n for n in known if known[n] == t], _built) for t, text in TIERS.items()]


def _built(name: str) -> bool:
    """Whether there is the operator: in the registry, or (``Custom``, ``_cvimread``) as a function of its own."""
    contrib = [f"_contrib_{each}" for each in nd.contrib.__all__]
    return find(name) is not None or name in (*nd.__all__, *nd._internal.__all__, *contrib)


def names() -> list[Part]:
    """The public names of MXNet's modules and classes, by place. A place that is missing whole lists all as absent."""
    return [_part(place or "mxnet", place, names, _membership(place)) for place, names in reference.api().items()]


def _membership(place: str) -> Callable[[str], bool]:
    found: Any = sys.modules["lazynd"]
    for step in filter(None, place.split(".")):
        if found is None or not _has(found, step):
            return lambda name: False
        found = getattr(found, step)
    if found is nd.NDArray:  # operators become its methods when first called
        return set(dir(nd.zeros(1))).__contains__
    return lambda name: _has(found, name)


def _has(place: Any, name: str) -> bool:
    try:
        if isinstance(place, type):  # asking it for what is deprecated would warn
            inspect.getattr_static(place, name)
        else:
            getattr(place, name)
    except (AttributeError, NotImplementedError):
        return False
    return True


def page() -> str:
    """The coverage page, in Markdown."""
    lines = [
        "# Coverage",
        "",
        "What there is of MXNet 1.9.1, from its list of names and lazynd's registry. A name that is not built yet",
        "raises `NotImplementedError` when it is used, of a class that is an `AttributeError` too; where it is",
        "imported, one that is an `ImportError`. So does a name that is [left out for good](#left-out-for-good), which",
        "says why, and what to do instead. `python -m lazynd coverage` shows this page in a terminal.",
        "",
        "## Operators",
        "",
    ]
    for part in operators():
        lines += _section(part)
    lines += _left_out()
    lines += ["## Names of modules and classes", "", "Modules and classes that lazynd has in part or whole.", ""]
    parts = names()
    for part in parts:
        if part.built:
            lines += _section(part)
    whole = ", ".join(f"`{part.place}`" for part in parts if not part.built)
    return "\n".join([*lines, "### Not begun", "", whole, ""])


def _section(part: Part) -> list[str]:
    made = [
        f"### {part.place}",
        "",
        f"{len(part.built)} of {len(part.built) + len(part.absent) + len(part.left_out)}.",
        "",
    ]
    for title, names in (("Not yet", part.absent), ("Left out", part.left_out)):
        if names:
            made += [f"{title}: " + ", ".join(f"`{name}`" for name in names), ""]
    return made


def _left_out() -> list[str]:
    """The operators that are left out for good, a table for each family."""
    made = ["## Left out for good", ""]
    for family, members in groupby(reference.left_out().items(), lambda item: item[1].family):
        listed = list(members)
        made += [f"### {family}", "", f"Left out because {listed[0][1].why}.", ""]
        made += ["| operator | it | instead |", "|---|---|---|"]
        made += [f"| `{name}` | {found.purpose} | {found.instead} |" for name, found in listed]
        made += [""]
    return made
