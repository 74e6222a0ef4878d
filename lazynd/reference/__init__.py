"""What MXNet 1.9.1 has, as names: its operators with their other names, and its public modules and classes.

Read when first asked: no program that uses what is built reads it. Imports nothing of lazynd.
"""

from __future__ import annotations

import functools
import pkgutil
from dataclasses import dataclass

#: Where a user reads what there is.
COVERAGE = "the documentation's page Coverage, or python -m lazynd coverage,"


@dataclass(frozen=True, slots=True)
class Registered:
    """An operator of MXNet: all its names, the registered one first, and its tier of use from 1 (most) to 4."""

    names: tuple[str, ...]
    tier: int


def _lines(file: str) -> list[str]:
    content = pkgutil.get_data(__name__, file)  # importlib.resources loads tempfile, shutil and what they need
    assert content is not None
    return [line for line in content.decode().splitlines() if not line.startswith("#")]


@functools.cache
def operators() -> dict[str, Registered]:
    """MXNet's operators by each of their names."""
    found: dict[str, Registered] = {}
    for line in _lines("operators.txt"):
        name, tier, *others = line.split()
        found |= dict.fromkeys((name, *others), Registered((name, *others), int(tier)))
    return found


@functools.cache
def api() -> dict[str, frozenset[str]]:
    """The public names of each module and class, "" for the package itself; places are spelt without ``mxnet``."""
    pairs = (line.split(": ") for line in _lines("api.txt"))
    return {place.removeprefix("mxnet"): frozenset(names.split()) for place, names in pairs}


def twins(name: str) -> tuple[str, ...]:
    """Every name of the operator called ``name``.

    >>> from lazynd import reference
    >>> reference.twins("flip")
    ('reverse', 'flip')
    """
    found = operators().get(name)
    return found.names if found else (name,)


def has(place: str, name: str) -> bool:
    """Whether MXNet has ``name`` in ``place``: "nd", "gluon.nn", or "" for the package."""
    return not name.startswith("__") and name in api().get(place, ())


def absent(place: str, name: str) -> Exception:
    """What to raise for ``name``, which ``place`` of lazynd lacks: it says so if MXNet has it.

    >>> from lazynd import reference
    >>> print(reference.absent("", "kvstore"))
    mxnet.kvstore is not built yet: the documentation's page Coverage, or python -m lazynd coverage, lists what is
    >>> reference.absent("nd", "no_such_thing")
    AttributeError("module 'lazynd.nd' has no attribute 'no_such_thing'")
    """
    path = f"{place}.{name}".lstrip(".")
    if has(place, name):
        return NotImplementedError(f"mxnet.{path} is not built yet: {COVERAGE} lists what is")
    where = f"lazynd.{place}".rstrip(".")
    error = AttributeError(f"module {where!r} has no attribute {name!r}")
    error.name = name
    return error
