"""What a function finds by name: variables around it, globals, defaults, attributes of the objects that it is given.

Python looks them up anew at every call; a compiled function has looked once. So it remembers what it found, and asks
before each call, by identity, whether that is still so. What lies deeper, in lists and other objects, is not seen, but
for objects that say themselves what calls depend on: ``__watched__`` gives dictionaries and names in them, and
``__uses__`` functions that calls lead to. ``__unwatched__`` of a class are attributes that make no difference.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final, NamedTuple

from ..runtime.tell.location import is_our_file

#: So many names are looked at; the functions that a function calls come after itself.
_MOST: Final = 500
_MISSING: Final = object()
_PLAIN: Final = (int, float, str, bytes, bool, complex)


class Names(NamedTuple):
    """What a code looks up: globals, attributes; and which names outside of it it assigns."""

    globals: frozenset[str]
    attributes: frozenset[str]
    assigned: frozenset[str]


class Watch:
    """The names that ``functions`` use, and what they mean now; ``things`` are objects among their arguments.

    ``assigns``: a name outside of itself that it gives another value.
    """

    __slots__ = ("_attributes", "_cells", "_names", "_owners", "_telling", "assigns")

    def __init__(self, functions: Iterable[Any], things: Iterable[Any] = ()) -> None:
        #: Variables of functions around, with their names; and entries of dictionaries.
        self._cells: list[tuple[CellType, Any, str]] = []
        self._names: list[tuple[Mapping[str, Any], str, Any]] = []
        self._owners: list[dict[str, Any]] = []
        self._attributes: set[str] = set()
        #: Objects with ``__watched__``, by identity.
        self._telling: dict[int, Any] = {}
        self.assigns: str | None = None
        self._look(functions, things)

    def changed(self) -> str | None:
        """What the first name that means something else now is, and what it meant; None if there is none."""
        for names, name, value in self._names:
            found = names.get(name, _MISSING)
            if found is not value and not _equal(found, value):
                return _tell(name, value, found)
        for cell, value, name in self._cells:
            found = _content(cell)
            if found is not value and not _equal(found, value):
                return _tell(name, value, found)
        return None

    def settle(self) -> None:
        """After the trace, which may make what calls depend on: see what the objects found say themselves."""
        for each in self._telling.values():
            self._names += [(names, name, names.get(name, _MISSING)) for names, name in each.__watched__()]

    def kept(self, inner: Callable[[Any], bool]) -> str | None:
        """A name that means something now of which ``inner`` says that it was made in the trace."""
        for owner in self._owners:
            for name in sorted(self._attributes & owner.keys()):
                if inner(owner[name]):
                    return name
        return None

    def undo(self, which: Callable[[Any], bool] | None) -> None:
        """Give attributes that the trace has set, those to values of which ``which`` holds, what they were before."""
        before = {(id(names), name): value for names, name, value in self._names}
        for owner in self._owners:
            for name in sorted(self._attributes & owner.keys()):
                value = before.get((id(owner), name), _MISSING)
                if owner[name] is not value and (which is None or which(owner[name])):
                    if value is _MISSING:
                        del owner[name]
                    else:
                        owner[name] = value

    def _look(self, given: Iterable[Any], things: Iterable[Any]) -> None:
        seen: set[CodeType] = set()
        functions: list[FunctionType] = []
        owners: list[Any] = list(things)
        for each in given:
            _unwrap(each, functions, owners)
        asked = 0
        while functions or asked < len(owners):
            if functions:
                self._follow(functions.pop(0), seen, functions, owners)
            else:
                owner = owners[asked]
                asked += 1
                held = getattr(owner, "__dict__", None) or {}
                self._ask([owner, *map(held.get, sorted(self._attributes & held.keys()))], functions, owners)
        for owner in {id(each): each for each in owners}.values():
            held = getattr(owner, "__dict__", None)
            if isinstance(held, dict) and not isinstance(owner, ModuleType | type | FunctionType):
                self._owners.append(held)
                used = (self._attributes & held.keys()) - getattr(type(owner), "__unwatched__", frozenset())
                self._names += [(held, name, held[name]) for name in sorted(used)]

    def _follow(self, function: FunctionType, seen: set[CodeType], functions: list[Any], owners: list[Any]) -> None:
        """Note the names of ``function``, and the functions among what they mean."""
        code = function.__code__
        if code in seen or is_our_file(code.co_filename) or len(self._names) + len(self._cells) >= _MOST:
            return
        seen.add(code)
        names = names_in(code)
        self._attributes |= names.attributes
        if names.assigned and self.assigns is None:
            self.assigns = min(names.assigned)
        for found in self._of(function, names):
            self._ask([found], functions, owners)
            _unwrap(found, functions, [])

    def _ask(self, values: list[Any], functions: list[Any], owners: list[Any]) -> None:
        """Note those of ``values``, and in lists among them, that say themselves what calls depend on and call."""
        for value in values:
            several = isinstance(value, list | tuple) and len(value) <= _MOST
            for each in value if several else (value,):
                if hasattr(type(each), "__watched__") and id(each) not in self._telling:
                    self._telling[id(each)] = each
                    for function in getattr(each, "__uses__", tuple)():
                        _unwrap(function, functions, owners)

    def _of(self, function: FunctionType, names: Names) -> Iterator[Any]:
        """Note what ``function`` uses; gives the values."""
        held = function.__globals__
        known = {name for each, name, _ in self._names if each is held}
        for name in sorted((names.globals & held.keys()) - known):
            self._names.append((held, name, held[name]))
            yield held[name]
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self._cells.append((cell, _content(cell), name))
            yield _content(cell)
        defaults: dict[str, Any] = function.__kwdefaults__ or {}
        for name, value in defaults.items():
            self._names.append((defaults, name, value))
            yield value
        yield from function.__defaults__ or ()


def names_in(code: CodeType) -> Names:
    """The names that ``code``, and the functions written in it, look up and assign."""
    found: list[set[str]] = [set(), set(), set()]
    free = set(code.co_freevars)
    codes = [code]
    while codes:
        each = codes.pop()
        codes += [constant for constant in each.co_consts if isinstance(constant, CodeType)]
        for instruction in dis.get_instructions(each):
            operation, name = instruction.opname, instruction.argval
            if operation in ("LOAD_GLOBAL", "LOAD_NAME"):
                found[0].add(name)
            elif "ATTR" in operation or operation == "LOAD_METHOD":
                found[1].add(name)
            elif operation in ("STORE_GLOBAL", "DELETE_GLOBAL") or (operation == "STORE_DEREF" and name in free):
                found[2].add(name)
    return Names(*map(frozenset, found))


def _unwrap(value: Any, functions: list[FunctionType], owners: list[Any]) -> None:
    """Add the function that ``value`` is, if it is one, and the object that it is bound to."""
    while isinstance(value, MethodType):
        owners.append(value.__self__)
        value = value.__func__
    if not isinstance(value, FunctionType | type) and callable(value):
        wrapped = getattr(value, "__wrapped__", None)
        if wrapped is None:
            owners.append(value)
        value = wrapped or vars(type(value)).get("__call__")
    if isinstance(value, FunctionType):
        functions.append(value)


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return _MISSING


def _equal(found: Any, value: Any) -> bool:
    """Whether two numbers or texts are the same to Python, whatever objects they are."""
    kind = type(value)
    if kind is not type(found) or kind not in _PLAIN:
        return False
    return bool(found == value) if kind is not float else bool(found.hex() == value.hex())


def _tell(name: str, before: Any, now: Any) -> str:
    if isinstance(before, _PLAIN) and isinstance(now, _PLAIN):
        return f"{name} was {before!r} and is {now!r}"
    return f"{name} is another {type(now).__name__}" if now is not _MISSING else f"{name} is gone"
