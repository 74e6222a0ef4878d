"""The base of all primitives: one class each, holding every rule. An incomplete class is refused at import."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from .errors import OperatorError
from .specialization import Op, Specialization
from .types import Type, is_floating

PRIMITIVES: dict[str, Primitive] = {}

_KINDS = {"f": "floating", "i": "signed", "u": "unsigned", "b": "boolean"}


class Primitive(Op):
    """A primitive of the closed set that every backend implements.

    A concrete subclass states, in its own body or that of a family base:

    ``name``        XLA's name of it;
    ``infer``       its type rule: types and attributes to the type of each output, or an ``OperatorError``;
    ``vjp``         its gradient: cotangent, result, inputs and attributes to one cotangent (or None) an input;
    ``evaluate``    its meaning in NumPy, graphs among the attributes coming as functions of lists of arrays;
    ``kinds``       the kinds of dtypes it is defined for;
    ``cheap``       whether a gradient recomputes it rather than keeps its result;
    ``samples``     inputs and attributes that the generic tests run it on.

    Those that do arithmetic say in ``flops`` how much.
    """

    #: Recomputed in a backward pass instead of kept: elementwise and data movement.
    cheap: ClassVar[bool] = True
    #: Each element of the result depends on the elements of the operands at its place.
    elementwise: ClassVar[bool] = False
    #: The operands may be exchanged.
    commutative: ClassVar[bool] = False
    #: Linear in the first operand, whatever the others are: a sum of such results is this of the sum.
    linear: ClassVar[bool] = False
    #: Elements are moved or chosen, their bits never changed.
    moves: ClassVar[bool] = False
    #: What ``evaluate`` gives may share memory with an operand, or with memory that outlives the call.
    shares: ClassVar[bool] = False
    #: IEEE 754 leaves one result, so that ``evaluate`` gives the bits of every backend (integers always do).
    exact: ClassVar[bool] = False
    #: A function of many instructions: a loop, which stores its results anyway, keeps it rather than computes it again.
    transcendental: ClassVar[bool] = False
    #: It may refuse the values of its operands: what it is part of has no results then.
    fails: ClassVar[bool] = False
    #: It runs graphs that are its attributes; to ``evaluate``, and to backends, they come as functions.
    nests: ClassVar[bool] = False
    #: ``evaluate`` gives a tuple of results, also where there is one.
    tupled: ClassVar[bool] = False
    #: ``evaluate`` and lowerings take bfloat16 as it is; to those of others it comes as float32, and is rounded after.
    takes_bfloat16: ClassVar[bool] = False
    #: Kinds of dtypes that its inputs may have, as NumPy spells them: a call with another is refused.
    kinds: ClassVar[str] = "fiub"

    def __init_subclass__(cls, *, family: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if family:
            return
        missing = [rule for rule in ("name", "infer", "vjp", "evaluate", "samples") if not _states(cls, rule)]
        if missing:
            raise TypeError(f"primitive {cls.__name__} states no {', '.join(missing)}")
        if cls.name in PRIMITIVES:
            raise TypeError(f"primitive {cls.name!r} is defined twice")
        PRIMITIVES[cls.name] = cls()

    @property
    def in_float32(self) -> bool:
        """Whether what is bfloat16 to users is float32 to ``evaluate`` and to lowerings."""
        return not (self.moves or self.nests or self.takes_bfloat16)

    @abstractmethod
    def infer(self, *args: Any, **kwargs: Any) -> Type | tuple[Type, ...]:
        """The type of each output, or an ``OperatorError`` that says what is wrong."""

    @abstractmethod
    def vjp(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Cotangents of the inputs, as IR; None where there is none."""

    @abstractmethod
    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """The result in NumPy. Where one of NumPy's universal functions is all that it takes, it is that function."""

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        """How many floating-point operations it takes, as factors; none where it only moves or chooses.

        See ``ir/flops.py`` for what counts. Of a primitive that runs graphs it is what these take.
        """
        return ()

    def evaluation(self, dtype: np.dtype[Any]) -> Callable[..., Any]:
        """``evaluate`` for operands of ``dtype``: a universal function where that dtype needs no more."""
        return self.evaluate

    @classmethod
    @abstractmethod
    def samples(cls, rng: np.random.Generator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        """Inputs and attributes for the generic tests."""

    def _specialize(self, in_types: tuple[Type, ...], attributes: Mapping[str, Any]) -> Specialization:
        for each in in_types:
            if ("f" if is_floating(each.dtype) else each.dtype.kind) not in self.kinds:
                accepted = ", ".join(_KINDS[kind] for kind in self.kinds)
                raise OperatorError(f"{self.name}: expected operands of a {accepted} type, got {each}")
        inferred = self.infer(*in_types, **attributes)
        out_types = inferred if isinstance(inferred, tuple) else (inferred,)
        return Specialization(self, in_types, dict(attributes), out_types)

    def differentiate(
        self, spec: Specialization, cotangents: Sequence[Any], outputs: Sequence[Any], inputs: Sequence[Any]
    ) -> Sequence[Any]:
        if len(spec.out_types) == 1:
            return self.vjp(cotangents[0], outputs[0], *inputs, **spec.attributes)
        return self.vjp(tuple(cotangents), tuple(outputs), *inputs, **spec.attributes)


def _states(cls: type, rule: str) -> bool:
    return any(rule in base.__dict__ for base in cls.__mro__ if base not in (Primitive, Op, object))
