"""What primitives and operators have in common, and the two fixed to types and attributes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from .attributes import attribute_key
from .memo import Interning
from .types import Type

if TYPE_CHECKING:
    from .graph import Graph
    from .value import Value

#: What one recorded node weighs in the runtime's budget, before its bytes (see ``runtime/run/fence.py``): as much as
#: 4 MiB of outputs.
NODE_COST: Final = 1 << 20
BYTES_PER_COST: Final = 4


#: What a slot is to the runtime: arithmetic, always a program input; an index, compiled in as first seen and
#: generalised once it changes; a word of the random stream's position.
RUNTIME: Final = "runtime"
INDEX: Final = "index"
DRAW: Final = "draw"


_serials: Final = count()


@dataclass(frozen=True, slots=True)
class Slot:
    """A scalar that travels with each call instead of being compiled in; ``kind`` is one of the three above."""

    name: str
    kind: str
    type: Type


class Specialization:
    """An op fixed to input types and static attributes. Interned per op: equality is identity.

    ``body`` is what it means in simpler ops, its parameters being inputs then slots; None for a primitive. The last
    outputs are written to the inputs numbered ``writes``. All that is remembered of what is derived from it hangs on
    it, so that it goes when the specialization does.
    """

    __slots__ = (
        "__weakref__", "attributes", "body", "cost", "encoded", "flat", "flat_but_rules", "flops", "in_types",
        "linearized", "nodes", "op", "optimised", "out_types", "parts", "price", "pruned", "serial", "slots", "steps",
        "writes",
    )  # fmt: skip

    def __init__(
        self,
        op: Op,
        in_types: tuple[Type, ...],
        attributes: Mapping[str, Any],
        out_types: tuple[Type, ...],
        slots: tuple[Slot, ...] = (),
        body: Graph | None = None,
        nodes: int = 1,
    ) -> None:
        self.op = op
        self.in_types = in_types
        self.attributes = attributes
        self.out_types = out_types
        self.slots = slots
        #: For how many recorded operators it counts.
        self.nodes = nodes
        self.cost = NODE_COST * nodes + sum(t.nbytes for t in out_types) // BYTES_PER_COST
        self.body = body
        self.writes: tuple[int, ...] = ()
        #: Memos of ``flatten``, without and with ``keep_rules``: the body flat, or for an op that runs graphs the
        #: specialization whose graphs are flat.
        self.flat: Graph | Specialization | None = None
        self.flat_but_rules: Graph | Specialization | None = None
        #: The graphs that a loop or a choice runs, as operators of which the gradient is found.
        self.parts: tuple[Specialization, ...] = ()
        #: The same with the graphs that it runs optimised; see ``passes/bodies.py``.
        self.optimised: Specialization | None = None
        #: Its part of what ``backends/encode.py`` makes of a graph.
        self.encoded: bytes | None = None
        #: What interpreting it costs and what it adds to compiling; see ``backends/costs.py``.
        self.price: tuple[float, float] | None = None
        #: How much arithmetic it is, and its formula: an ``ir.flops.Flops``.
        self.flops: Any = None
        #: What runs it in the interpreter: a ``backends.numpy.steps.Steps``.
        self.steps: Any = None
        #: Its number among all that were made: the same in every run of a program.
        self.serial = next(_serials)
        #: Memo of ``linearize`` by needed inputs.
        self.linearized: dict[tuple[bool, ...], Any] = {}
        #: The same on the inputs that it reads and their numbers, if it does not read all; see ``prune``.
        self.pruned: tuple[Specialization, Sequence[int]] | None = None

    def __repr__(self) -> str:
        attributes = ", ".join(f"{k}={v!r}" for k, v in self.attributes.items())
        return f"<{self.op.name}({', '.join(map(repr, self.in_types))}{', ' * bool(attributes)}{attributes})>"

    def __copy__(self) -> Specialization:
        return self  # a second one would be another

    def __deepcopy__(self, memo: Any) -> Specialization:
        return self


#: Every specialization of primitives and operators that exists; derived ones hang on these.
SPECIALIZATIONS: Final[Interning[tuple[Any, ...], Specialization]] = Interning(640)
_RECENT: Final = SPECIALIZATIONS.recent


class Op(ABC):
    """A primitive, an operator or a derived operator: something that a node can apply."""

    name: Any  # a str: of the class for primitives, of the instance for operators
    #: Whether it is a graph of what users applied: its nodes keep their lines, it may be large, and may nest deeply.
    is_call: bool = False

    def specialize(self, in_types: tuple[Type, ...], attributes: Mapping[str, Any]) -> Specialization:
        """The specialization to these types and canonical attributes: one as long as anything refers to it."""
        key: tuple[Any, ...] = (self, in_types)
        if attributes:
            key = (self, in_types, *[(k, attribute_key(v)) for k, v in attributes.items()])
        found = _RECENT.get(key)
        if found is None:
            found = SPECIALIZATIONS.find(key) or SPECIALIZATIONS.one(key, self._specialize(in_types, attributes))
        return found

    @abstractmethod
    def _specialize(self, in_types: tuple[Type, ...], attributes: Mapping[str, Any]) -> Specialization:
        """Apply the type rule."""

    @property
    def has_gradient_rule(self) -> bool:
        """Whether ``differentiate`` knows more than differentiating the body would."""
        return True

    @abstractmethod
    def differentiate(
        self,
        spec: Specialization,
        cotangents: Sequence[Value | None],
        outputs: Sequence[Value],
        inputs: Sequence[Value],
    ) -> Sequence[Value | None]:
        """Cotangents of the inputs (slots included) from those of the outputs."""

    def pull_back(
        self,
        spec: Specialization,
        wanted: Sequence[bool],
        cotangents: Sequence[Value | None],
        outputs: Sequence[Value],
        inputs: Sequence[Value],
    ) -> Sequence[Value | None]:
        """``differentiate`` where only the inputs marked ``wanted`` matter; loops do no more than that."""
        return self.differentiate(spec, cotangents, outputs, inputs)

    def keeping(self, spec: Specialization, wanted: Sequence[bool]) -> Graph | None:
        """What computes ``spec`` and, as further outputs, what the gradients of the inputs ``wanted`` will read.

        None if nothing more is needed: all but loops and choices, whose insides are no values of the graph.
        """
        return None
