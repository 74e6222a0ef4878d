"""Numbers that a call is given anew each time: its arguments, what functions of the host say, and what is made of them.

While a call is traced such a number is a ``Number``. It passes for Python's own where it enters arithmetic, with arrays
or with other numbers; the ``Ledger`` notes what was done, and each call does the same with the numbers of that time.
Where Python itself needs to know one, to choose a branch or as an extent, the ledger is ``asked`` first.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ..guard.sections import DeferSignals

#: Stands among the ``roots`` of a number for the host.
HOST: Final = -1
Function = Callable[..., Any]
#: Remembers something on the host, and gives what puts it back.
Keep = Callable[[], Callable[[], None]]


class Ledger:
    """How the numbers of a call come about, in order; the first ones are its arguments.

    ``values``: all of them, as traced; constants are the same at each call. ``hosts``: the functions of the host that
    were asked, and what they gave.
    """

    __slots__ = ("_constants", "_keeps", "_steps", "asked", "hosts", "values")

    def __init__(self, asked: Callable[[frozenset[int]], None]) -> None:
        self.values: list[Any] = []
        self.hosts: list[tuple[Function, Any]] = []
        #: Called with the roots of a number, arguments by place and ``HOST``, before Python is told its value.
        self.asked = asked
        #: The places of numbers of Python that took part.
        self._constants: set[int] = set()
        #: A function, the places of its operands, and of what it gives: itself, or in a list. One of the host has none.
        self._steps: list[tuple[Function, tuple[int, ...] | None, int | range]] = []
        #: By function of the host: what remembers what that changes.
        self._keeps: dict[Function, Keep] = {}

    def argument(self, value: Any) -> Number:
        """The next argument; all come before anything else."""
        return self._new(value, frozenset((len(self.values),)))

    def host(self, function: Function, made: Any, keep: Keep | None = None) -> Any:
        """What ``function`` gave, a number or several in a list or tuple; each call will ask it again."""
        if keep is not None:
            self._keeps[function] = keep
        several = isinstance(made, list | tuple)
        self.hosts.append((function, made))
        first = len(self.values)
        numbers = [self._new(each, frozenset((HOST,))) for each in (made if several else (made,))]
        self._steps.append((function, None, range(first, len(self.values)) if several else first))
        return type(made)(numbers) if several else numbers[0]

    def apply(self, function: Function, *operands: Any) -> Any:
        """``function`` of numbers, of which some may be Python's own."""
        made = function(*map(value_of, operands))
        numbers = [each for each in operands if isinstance(each, Number)]
        roots = frozenset().union(*(each.roots for each in numbers))
        if type(made) is not int and type(made) is not float:  # a complex number, a truth value
            self.asked(roots)
            return made
        places = tuple([each.place if isinstance(each, Number) else self.constant(each) for each in operands])
        number = self._new(made, roots)
        self._steps.append((function, places, number.place))
        return number

    def fill(
        self, arguments: Sequence[Any], ask: Callable[[Function, Keep | None], Any], undo: list[Callable[[], None]]
    ) -> list[Any]:
        """All numbers of a call with these ``arguments``, made as when it was traced; ``ask`` calls functions.

        What puts back what the functions change comes to the end of ``undo``, before they change it.
        """
        values = self.values.copy()
        values[: len(arguments)] = arguments
        for function, places, made in self._steps:
            if places is None:
                keep = self._keeps.get(function)
                if keep is not None:
                    undo.append(keep())
                found = ask(function, keep)
            else:
                found = function(*[values[i] for i in places])
            if isinstance(made, int):
                values[made] = found
                continue
            if len(found) != len(made):
                raise ValueError(f"a function of the host gave {len(found)} numbers, but {len(made)} when traced")
            values[made.start : made.stop] = found
        return values

    @property
    def varies(self) -> bool:
        """Whether the numbers of two calls may differ."""
        return bool(self._steps) or any(place not in self._constants for place in range(len(self.values)))

    def _new(self, value: Any, roots: frozenset[int]) -> Number:
        number = Number(self, len(self.values), plain(value), roots)
        self.values.append(number.value)
        return number

    def constant(self, value: Any) -> int:
        """The place of a number that is the same at each call."""
        self.values.append(value)
        self._constants.add(len(self.values) - 1)
        return len(self.values) - 1


def put_back(undo: list[Callable[[], None]]) -> None:
    """Call what is in ``undo``, the last first, and empty it."""
    with DeferSignals():
        while undo:
            undo.pop()()


def is_number(value: Any) -> bool:
    """Whether ``value`` is a number that may be a ``Number``: no truth value."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool | np.bool_)


def plain(value: Any) -> Any:
    """``value`` as a number of Python's own; ``TypeError`` where it is none."""
    if not is_number(value):
        raise TypeError(f"a function of the host gives numbers, not {value!r}")
    return float(value) if isinstance(value, float | np.floating) else int(value)


def value_of(number: Any) -> Any:
    """What ``number`` was when it was traced, if it is a ``Number``; else itself."""
    return number.value if isinstance(number, Number) else number


class Number:
    """A number of a call that is traced; ``value`` is what it is this time, ``roots`` what it is made of."""

    __slots__ = ("ledger", "place", "roots", "value")

    def __init__(self, ledger: Ledger, place: int, value: Any, roots: frozenset[int]) -> None:
        self.ledger = ledger
        self.place = place
        self.value = value
        self.roots = roots

    @property  # type: ignore[misc]  # what asks for its class takes it for Python's own number
    def __class__(self) -> Any:
        return type(self.value)

    def known(self) -> Any:
        """Its value, for Python."""
        self.ledger.asked(self.roots)
        return self.value

    # What is no arithmetic needs the value: all that follows, and what is not defined here.

    def __bool__(self) -> bool:
        return bool(self.known())

    def __int__(self) -> int:
        return int(self.known())

    def __index__(self) -> int:
        return operator.index(self.known())

    def __float__(self) -> float:
        return float(self.known())

    def __complex__(self) -> complex:
        return complex(self.known())

    def __trunc__(self) -> int:
        return int(self.known())

    def __hash__(self) -> int:
        return hash(self.known())

    def __repr__(self) -> str:
        return repr(self.known())

    def __format__(self, spec: str) -> str:
        return format(self.known(), spec)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.known(), dtype)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return plain, (self.known(),)

    def __copy__(self) -> Number:
        return self

    def __deepcopy__(self, memo: Any) -> Number:
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.known(), name)


def _arithmetic(function: Function, reflected: bool) -> Function:
    def method(self: Number, other: Any) -> Any:
        if not isinstance(other, Number):
            if type(other) not in (int, float):
                if not is_number(other) and not isinstance(other, bool | np.bool_ | complex):
                    return NotImplemented
                return function(other, self.known()) if reflected else function(self.known(), other)
        elif other.ledger is not self.ledger:  # of a trace around this one: this one takes it as it is
            return function(self.known(), other.known())
        operands = (other, self) if reflected else (self, other)
        return self.ledger.apply(function, *operands)

    return method


def _comparison(function: Function) -> Function:
    def method(self: Number, other: Any) -> Any:
        known = isinstance(other, Number)
        if not known and not is_number(other) and not isinstance(other, bool | np.bool_ | complex):
            return NotImplemented
        return function(self.known(), other.known() if known else other)

    return method


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    setattr(Number, f"__{_name}__", _arithmetic(getattr(operator, _name), False))
    setattr(Number, f"__r{_name}__", _arithmetic(getattr(operator, _name), True))
for _name in ("and", "or", "xor", "lshift", "rshift", "divmod"):  # of whole numbers, seldom arithmetic with arrays
    _function: Any = divmod if _name == "divmod" else getattr(operator, f"__{_name}__")
    setattr(Number, f"__{_name}__", lambda self, other, f=_function: f(self.known(), value_of(other)))
    setattr(Number, f"__r{_name}__", lambda self, other, f=_function: f(value_of(other), self.known()))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Number, f"__{_name}__", _comparison(getattr(operator, _name)))
for _name, _function in (("neg", operator.neg), ("pos", operator.pos), ("abs", abs)):
    setattr(Number, f"__{_name}__", lambda self, f=_function: self.ledger.apply(f, self))
setattr(Number, "__round__", lambda self, digits=None: round(self.known(), digits))  # noqa: B010 - beside the others
