"""What MXNet 1.9.1 has, as names: its operators with their other names, and its public modules and classes.

Read when first asked: no program that uses what is built reads it. Imports nothing of lazynd.
"""

from __future__ import annotations

import difflib
import functools
import pkgutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

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


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An operator of MXNet that lazynd leaves out for good: what it does, what to do instead; why, of its family."""

    family: str
    why: str
    purpose: str
    instead: str


@functools.cache
def left_out() -> dict[str, LeftOut]:
    """The operators that are left out for good, by their registered names.

    >>> from lazynd import reference
    >>> reference.left_out()["_contrib_quantized_conv"].instead
    'nd.Convolution of floats'
    """
    found: dict[str, LeftOut] = {}
    family = why = ""
    for line in _lines("left_out.txt"):
        if line.startswith("= "):
            family, why = line.removeprefix("= ").split(": ", 1)
        else:
            name, purpose, instead = line.split(" | ")
            found[name] = LeftOut(family, why, purpose, instead)
    return found


def find_left_out(place: str, name: str) -> LeftOut | None:
    """The operator left out that is called ``name`` in ``place``: by its registered name, or as MXNet calls it there.

    >>> from lazynd import reference
    >>> reference.find_left_out("nd.contrib", "edge_id") is reference.find_left_out("nd", "_contrib_edge_id")
    True
    """
    spellings = (name, f"_contrib_{name}") if has(place, name) else (name,)
    return next((left_out()[each] for each in spellings if each in left_out()), None)


def twins(name: str) -> tuple[str, ...]:
    """Every name of the operator called ``name``.

    >>> from lazynd import reference
    >>> reference.twins("flip")
    ('reverse', 'flip')
    """
    found = operators().get(name)
    return found.names if found else (name,)


def _lacked(place: str, name: str) -> bool:
    """Whether MXNet has ``name`` in ``place``, public or not."""
    private = place.endswith("_internal") and name in operators()
    return has(place, name) or private or find_left_out(place, name) is not None


def has(place: str, name: str) -> bool:
    """Whether MXNet has ``name`` in ``place``: "nd", "gluon.nn", or "" for the package."""
    return not name.startswith("__") and name in api().get(place, ())


class NotBuiltError(AttributeError, NotImplementedError):
    """A name of MXNet's that is not built yet: ``hasattr`` says False, ``getattr`` takes its default.

    >>> import lazynd
    >>> hasattr(lazynd, "kvstore")
    False
    """


class ModuleNotBuiltError(ModuleNotFoundError, NotImplementedError):
    """A module of MXNet's that is not built yet, or a name that is imported from one: an ``ImportError``.

    >>> try:
    ...     from lazynd import kvstore
    ... except ImportError as error:
    ...     print(error)
    mxnet.kvstore is not built yet: the documentation's page Coverage, or python -m lazynd coverage, lists what is
    """


def _not_built(path: str) -> str:
    place, _, name = path.rpartition(".")
    found = find_left_out(place, name)
    if found is None:
        return f"mxnet.{path} is not built yet: {COVERAGE} lists what is"
    return (
        f"mxnet.{path} is left out for good: it {found.purpose}\n  why ({found.family}): {found.why}\n"
        f"  instead: {found.instead}\n  {COVERAGE} lists what is left out"
    )


def absent(place: str, name: str) -> Exception:
    """What to raise for ``name``, which the module ``place`` of lazynd lacks: it says so if MXNet has it.

    >>> from lazynd import reference
    >>> print(reference.absent("", "kvstore"))
    mxnet.kvstore is not built yet: the documentation's page Coverage, or python -m lazynd coverage, lists what is
    >>> reference.absent("nd", "no_such_thing")
    AttributeError("module 'lazynd.nd' has no attribute 'no_such_thing'")
    """
    where = f"lazynd.{place}".rstrip(".")
    if _lacked(place, name):
        _answer_imports()
        return NotBuiltError(_not_built(f"{place}.{name}".lstrip(".")), name=name)
    return unknown(sys.modules.get(where), f"module {where!r}", name)


#: Above this many names Python itself suggests none.
_MANY: Final = 750


def unknown(owner: object, shown: str, name: str) -> AttributeError:
    """The error of a name that ``owner``, called ``shown``, lacks: with the name that it seems to be.

    Python looks for that name when it prints the error; where it does not, in a notebook, the text has it.

    >>> from lazynd import nd, reference
    >>> reference.unknown(nd, "the module", "softmx").obj is nd
    True
    """
    near = []
    if not name.startswith("_"):  # neither Python nor its tools misspell theirs, and ask often
        silent = "IPython" in sys.modules or (isinstance(owner, ModuleType) and len(dir(owner)) > _MANY)
        near = difflib.get_close_matches(name, dir(owner), 1, 0.75) if silent else []
    text = f"{shown} has no attribute {name!r}" + (f": did you mean {near[0]!r}?" if near else "")
    return AttributeError(text, name=name, obj=owner)


def fronts(module: str, place: str | None = None) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a module of MXNet's names: what it lacks is ``absent``, ``__all__`` is public.

    ``place`` is what MXNet calls the module, where that is something else.

    >>> import lazynd
    >>> "record" in dir(lazynd.autograd), "annotations" in dir(lazynd.autograd)
    (True, False)
    """

    def __getattr__(name: str) -> Any:
        ours = module.removeprefix("lazynd.")
        raise absent(place if place is not None and has(place, name) else ours, name)

    def __dir__() -> list[str]:
        return sorted(sys.modules[module].__all__)

    return __getattr__, __dir__


class _NotBuilt:
    """Comes last among Python's finders of modules: ``lazynd.x`` that nobody found may be one of MXNet's.

    Without it ``from lazynd import kvstore`` would say that the name cannot be imported, and not why.
    """

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        if name.startswith("lazynd."):
            refuse_module(name.removeprefix("lazynd."))


def _answer_imports() -> None:
    """From now on imports of what is not built say so; importing lazynd changes no finder."""
    if not any(isinstance(finder, _NotBuilt) for finder in sys.meta_path):
        sys.meta_path.append(_NotBuilt())


def refuse_module(path: str) -> None:
    """Raise if ``path``, a module or a name in one, is MXNet's: it is not built here."""
    place, _, last = path.rpartition(".")
    if _lacked(place, last):
        raise ModuleNotBuiltError(_not_built(path), name=f"mxnet.{path}")
