"""From a call with symbols to a new one: arguments sorted, parameters checked, variables for what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..attribute import AttrScope
from ..ir.errors import MXNetError, OperatorError
from ..name import NameManager
from ..nd.refusal import refusal
from ..ops import Operator, find
from ..ops.signature import refused_arguments
from ..runtime.tell.location import calling_frame
from .applied import Applied
from .attributes import BEGINNINGS, hidden, is_note, text
from .node import Entry, Node, topological

if TYPE_CHECKING:
    from .symbol import Symbol


def names() -> NameManager:
    """What gives names in this thread."""
    found: NameManager = NameManager._stack()[-1]
    return found


def scope() -> AttrScope:
    """What gives attributes in this thread."""
    found: AttrScope = AttrScope._stack()[-1]
    return found


def compose(operator: Operator, hint: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Entry]:
    """The outputs of ``operator`` on symbols; ``hint`` is what it was called as, of which names are made.

    Inputs that are missing become variables. ``MXNetError``, ``TypeError`` or ``AssertionError`` at the user's line.
    """
    try:
        given = _Arguments(operator, args, dict(kwargs))
        applied = Applied(operator, given.attributes, len(given.placed) + len(given.named))
        return place(applied, hint, given.name, given.attributes, given.placed, given.named)
    except (MXNetError, OperatorError, TypeError, AssertionError, KeyError, OverflowError) as error:
        if getattr(error, "refused", False):
            raise
        kind = MXNetError if isinstance(error, OperatorError | KeyError) else type(error)
        raise refusal(kind, operator.name, error, args, kwargs) from None


def call(operator_name: str, *symbols: Any, hint: str = "", **attributes: Any) -> list[Entry]:
    """The outputs of the operator that MXNet calls so, on symbols."""
    operator = find(operator_name)
    assert operator is not None, operator_name
    return compose(operator, hint or operator_name, symbols, attributes)


class _Arguments:
    """The arguments of a call: symbols by place and by name, attributes as text, the name."""

    def __init__(self, operator: Operator, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        self.operator = operator
        self.placed: list[Symbol] = []
        self.named: dict[str, Symbol] = {}
        if operator.variadic:
            self._listed(args)
        else:
            self._by_place(args, kwargs)
        self.name: str | None = kwargs.pop("name", None)
        kwargs.pop("out", None)
        noted = scope().get(kwargs.pop("attr", None))
        raw: dict[str, Any] = {}
        for key, value in kwargs.items():
            if is_symbol(value):
                self.named[key] = value
            elif not operator.variadic and key in operator.inputs:
                if value is not None:
                    raise AssertionError(f"Argument {key} must be Symbol instances, but got {value}")
            else:
                raw[key] = value
        if operator.variadic and self.placed and self.named:
            raise TypeError("give any number of symbols either by place or by name, not both")
        if operator.variadic and "num_args" in operator.by_name and "num_args" not in raw:
            raw["num_args"] = len(self.placed) + len(self.named)
        self.attributes = {
            hidden(key): text(value, operator.by_name.get(key)) for key, value in {**noted, **raw}.items()
        }
        unknown = {key: value for key, value in self.attributes.items() if key not in operator.by_name}
        unknown = {key: value for key, value in unknown.items() if not is_note(key)}
        refused = refused_arguments(operator, (), unknown) if unknown else None
        if refused is not None:
            raise refused[0](refused[1])

    def _listed(self, args: Sequence[Any]) -> None:
        """The inputs of an operator that takes any number of them; one list of all is taken too."""
        given = args[0] if len(args) == 1 and isinstance(args[0], list | tuple) else args
        for each in given:
            if not is_symbol(each):
                raise AssertionError(f"Positional arguments must be Symbol instances, but got {each}")
            self.placed.append(each)

    def _by_place(self, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """Arguments by place are given the names of the inputs, then of the parameters, then ``name``."""
        order = [*self.operator.inputs, *(p.name for p in self.operator.visible), "name", "attr"]
        if len(args) > len(order):
            raise TypeError(f"{len(args) - len(order)} arguments too many")
        for key, value in zip(order, args, strict=False):
            if key == "name" and value is not None and not isinstance(value, str):
                takes = len(self.operator.inputs)
                raise TypeError(f"it takes {takes} symbol{'s' * (takes != 1)}, but got one more: {value}")
            if key in kwargs:
                raise TypeError(f"got several values for argument {key}")
            kwargs[key] = value


def is_symbol(value: Any) -> bool:
    return hasattr(type(value), "_is_symbol")


def place(
    applied: Any,
    hint: str,
    name: str | None,
    attributes: Mapping[str, str],
    placed: Sequence[Symbol],
    named: Mapping[str, Symbol],
) -> list[Entry]:
    """The outputs of a new node of an ``Applied`` or the like; variables stand for inputs that are not given."""
    wanted = applied.inputs
    if len(placed) > len(wanted):
        raise MXNetError(f"Incorrect number of arguments, requires {len(wanted)}, provided {len(placed)}")
    given = dict(zip(wanted, placed, strict=False))
    for key, value in named.items():
        if key not in wanted:
            raise MXNetError(not_found("Symbol.Compose", key, wanted))
        if key in given:
            raise TypeError(f"got several values for argument {key}")
        given[key] = value
    label = names().get(name, hint.lower())
    inputs = []
    for key in wanted:
        if key in given:
            inputs.append(single(given[key], key))
        else:
            inputs.append((Node(f"{label}_{key}" if label else key, attributes), 0))
        beginning = BEGINNINGS.get(applied.name, {}).get(key)
        if beginning and inputs[-1][0].applied is None:
            inputs[-1][0].attributes.setdefault("__init__", beginning)
    made = Node(label, attributes, applied, inputs)
    frame = calling_frame()
    made.line = (frame.f_code, frame.f_lasti)
    return made.entries


def single(symbol: Symbol, name: str) -> Entry:
    """The only output of ``symbol``, which is given for ``name``."""
    if len(symbol._entries) != 1:
        outputs = ", ".join(symbol.list_outputs())
        raise MXNetError(
            f"Keyword Argument {name} is a tuple, single value is required: choose one of its "
            f"{len(symbol._entries)} outputs ({outputs}), as in s[0]"
        )
    return symbol._entries[0]


def not_found(where: str, name: str, candidates: Sequence[str]) -> str:
    """How MXNet says that there is no argument called ``name``."""
    listed = "\n".join(f"\t[{i}]{each}" for i, each in enumerate(candidates))
    return f"{where}Keyword argument name {name} not found.\nCandidate arguments:\n{listed}"


def substitute(entries: Sequence[Entry], replacements: Mapping[str, Entry]) -> None:
    """Put other outputs in the place of variables by name, in the nodes of ``entries`` themselves."""
    nodes = topological([node for node, _ in entries])
    for node in nodes:
        node.inputs = tuple([replacements.get(n.name, (n, i)) if n.applied is None else (n, i) for n, i in node.inputs])
