"""``@op``: an operator is one function over primitives; everything else follows from it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ir.derived import prune
from ..ir.errors import MXNetError, OperatorError
from ..ir.graph import Graph
from ..ir.node import leaf
from ..ir.specialization import Op, Slot, Specialization
from ..ir.types import Type
from ..ir.value import Value, constant, wrap
from ..reference import operators as mxnet_operators
from ..reference import twins
from .kinds import Fixed, Kind, kinds_of
from .partial import DTypeRule, ShapeRule, same

#: Every operator by its name, and by what it declares to be called too; ``find`` knows MXNet's names for it as well.
OPERATORS: dict[str, Operator] = {}

#: Numbers of the inputs that a call updates, given how many inputs it has and its static attributes.
Writes = Callable[[int, Mapping[str, Any]], Sequence[int]]
#: Names of the results that callers see, given the canonical attributes.
Outputs = Callable[[Mapping[str, Any]], Sequence[str]]
if TYPE_CHECKING:  # naming it loads numpy.random, a quarter of what importing lazynd takes
    Samples = Callable[[np.random.Generator], list[tuple[tuple[Any, ...], dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One attribute of an operator."""

    name: str
    kind: Kind
    default: Any
    optional: bool
    bounds: tuple[float, float] | None = None

    def canonical(self, value: Any) -> Any:
        kind = self.kind
        if value is None or (self.optional and isinstance(value, str) and value == "None" and kind.none):
            if self.optional:
                return None
            raise OperatorError(f"Invalid Parameter format for {self.name} expect {kind.name} but value='None'")
        try:
            made = kind.read(value)
        except OperatorError as error:
            text = f"Invalid Parameter format for {self.name} expect {kind.name} but value='{value}': {error}"
            raise OperatorError(text) from None
        if self.bounds is not None and not self.bounds[0] <= made <= self.bounds[1]:
            low, high = self.bounds
            raise OperatorError(f"value {made} for Parameter {self.name} exceed bound [{low},{high}]")
        return made


class Operator(Op):
    """A user-visible operator. Called with values inside another operator's body, it adds a node there.

    ``inputs`` names the array inputs (the last one is variadic if ``variadic``), the first ``required`` of them
    must be given. ``parameters`` are the attributes in order.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str,
        aliases: Sequence[str],
        samples: Samples | None,
        method: bool,
        static_values: Mapping[str, tuple[float, ...]],
        writes: Writes | None,
        shapes: ShapeRule | None,
        dtypes: DTypeRule | None,
        optional: Mapping[str, Callable[[Mapping[str, Any]], bool]],
        outputs: Sequence[str] | Outputs,
        states: Sequence[str] | None,
        draws: Callable[[Mapping[str, Any]], bool] | None,
        bounds: Mapping[str, tuple[float, float]],
        differentiable: bool,
        smooth: bool,
        integral: bool,
        shorthand: bool,
    ) -> None:
        super().__init__()
        self.function = function
        self.name = name
        self.aliases = tuple(aliases)
        self.samples = samples
        self.method = method
        self.static_values = dict(static_values)
        self.writes = writes
        self.shapes = shapes
        self.dtypes = dtypes
        self.optional = dict(optional)
        self._outputs = outputs
        self._states = states
        self.differentiable = differentiable
        self.smooth = smooth
        self.integral = integral
        self.shorthand = shorthand
        self.__doc__ = inspect.getdoc(function)
        self.inputs, self.required, self.variadic, self.parameters = _declared(function, bounds)
        self.by_name = {p.name: p for p in self.parameters}
        #: The parameters that users see: the recorder fills in the others.
        self.visible = tuple(p for p in self.parameters if not p.kind.hidden)
        self.draws = len(self.visible) < len(self.parameters)
        self._draws = draws
        #: What fills in attributes that are not given, from the thread's state.
        self.fills = tuple(p.kind.fill for p in self.visible if p.kind.fill is not None)
        #: Whether attributes alone do not say all: numbers travel with its calls, or the thread's state decides.
        self.varies = not shorthand and any(p.kind.ambient or p.kind.slot is not None for p in self.parameters)
        #: What stands for visible attributes that are missing.
        self.defaults = tuple([inspect.Parameter.empty if p.kind.fill else p.default for p in self.visible])
        #: Whether an attribute may be a tuple.
        self.takes_tuples = any(p.kind.tuples for p in self.parameters)
        self.ignores_cotangent = False
        self._gradient: Callable[..., Any] | None = None

    def __call__(self, *values: Value, **attributes: Any) -> Any:
        """Apply inside a body: values and canonical attributes in, values out."""
        present = [v for v in values if v is not None]
        types = tuple([v.type for v in present])
        spec, slots = self.bind(types, attributes)
        filled = [
            s if isinstance(s, Value) else constant(s, slot.type) for slot, s in zip(spec.slots, slots, strict=True)
        ]
        return wrap(spec, [v.ref for v in (*present, *filled)])

    def gradient(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Register ``rule(g, y, *inputs, **attributes)``: better than differentiating the body.

        It returns one cotangent an input (or a single one), None where there is none. ``g`` and ``y`` are tuples
        for operators with several outputs.
        """
        self._gradient = rule
        return rule

    def head(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Like ``gradient`` for an operator that may ignore its cotangent, which is None then."""
        self.ignores_cotangent = True
        return self.gradient(rule)

    def bind(self, types: tuple[Type, ...], attributes: Mapping[str, Any]) -> tuple[Specialization, list[Any]]:
        """The specialization to ``types`` and the static part of ``attributes``, and the slots' values.

        The slots of hidden parameters that are not given are left None for the recorder to fill.
        """
        given = self.canonical(attributes)
        if self.shorthand:
            operator, meant = self.function(*types, **given)
            found: tuple[Specialization, list[Any]] = operator.bind(types, meant)
            return found
        static: dict[str, Any] = {}
        slots: list[Any] = []
        for p in self.parameters:
            value, kind = given[p.name], p.kind
            if isinstance(value, Value):
                slots.append(value)
            elif kind.hidden:
                if self._fills(static):
                    slots += [None] * len(kind.types(Fixed(types, static), p.name)) if value is None else value
            elif kind.several:
                slots += value
                if kind.counted:
                    static[p.name] = len(value)
            elif kind.slot is not None and value is not None and not self._is_static(p.name, value):
                slots.append(value)
            else:
                static[p.name] = value
        return self.specialize(types, static), slots

    def canonical(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """A canonical value for each parameter."""
        given: dict[str, Any] = {}
        for p in self.parameters:
            value = attributes.get(p.name, p.default)
            if value is inspect.Parameter.empty:
                raise OperatorError(f"Required parameter {p.name} of {p.kind.name} is not presented")
            given[p.name] = value if isinstance(value, Value) else p.canonical(value)
        unknown = attributes.keys() - self.by_name.keys()
        if unknown:
            possible = ", ".join(self.by_name) or "none"
            raise OperatorError(f"Cannot find argument '{sorted(unknown)[0]}', Possible Arguments: {possible}")
        return given

    def _fills(self, static: Mapping[str, Any]) -> bool:
        """Whether a call with these attributes has the slots that the recorder fills."""
        return self._draws is None or self._draws(static)

    def _is_static(self, name: str, value: Any) -> bool:
        return name in self.static_values and value in self.static_values[name]

    def _specialize(self, in_types: tuple[Type, ...], attributes: Mapping[str, Any]) -> Specialization:
        _on_one_device(in_types)
        slots = self._slots(in_types, attributes)
        parameters = [leaf(t) for t in (*in_types, *(s.type for s in slots))]
        values = list(map(Value, parameters))
        kwargs = self._arguments(attributes, slots, values[len(in_types) :])
        result = self.function(*values[: len(in_types)], **kwargs)
        refs = [v.ref for v in (result if isinstance(result, tuple | list) else (result,))]
        body = Graph(parameters, refs, name=self.name)
        spec = Specialization(self, in_types, dict(attributes), tuple(r.type for r in refs), slots, body)
        spec.writes = self._written(spec)
        return prune(spec)

    def _written(self, spec: Specialization) -> tuple[int, ...]:
        """The inputs that the last outputs are written to."""
        if self.writes is None:
            return ()
        targets = tuple(self.writes(len(spec.in_types), spec.attributes))
        values = spec.out_types[len(spec.out_types) - len(targets) :]
        for target, value in zip(targets, values, strict=True):
            expected = spec.in_types[target].with_context(value.context)
            if value is not expected:
                raise TypeError(f"{self.name} writes {value} to input {target}, which is {expected}")
        return targets

    def _slots(self, in_types: tuple[Type, ...], static: Mapping[str, Any]) -> tuple[Slot, ...]:
        fixed = Fixed(in_types, static)
        slots: list[Slot] = []
        for p in self.parameters:
            kind = p.kind
            absent = kind.hidden and not self._fills(static) if kind.several else p.name in static
            if kind.slot is not None and not absent:
                slots += [Slot(p.name, kind.slot, type) for type in kind.types(fixed, p.name)]
        return tuple(slots)

    def _arguments(self, static: Mapping[str, Any], slots: Sequence[Slot], values: Sequence[Any]) -> dict[str, Any]:
        """Every parameter as a body gets it: static, or the values of its slots; none if it has none and is hidden."""
        found = dict(static)
        found.update({p.name: () for p in self.visible if p.kind.several})
        for slot, value in zip(slots, values, strict=True):
            if self.by_name[slot.name].kind.several:
                found[slot.name] = (*found.get(slot.name, ()), value)
            else:
                found[slot.name] = value
        return found

    def names_of(self, attributes: Mapping[str, Any], count: int) -> tuple[str, ...]:
        """The names of the ``count`` inputs of a call with these canonical attributes; there may be no other number."""
        if self.variadic:
            fixed = self.inputs[:-1]
            return (*fixed, *(f"{self.inputs[-1]}{i}" for i in range(count - len(fixed))))
        names = tuple(n for n in self.inputs if n not in self.optional or self.optional[n](attributes))
        if len(names) != count:
            raise OperatorError(f"Operator {self.name} expects {len(names)} inputs, but got {count} instead")
        return names

    def outputs(self, attributes: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of what a call with these canonical attributes gives, as MXNet ends the names of outputs."""
        return tuple(self._outputs(attributes) if callable(self._outputs) else self._outputs)

    def states(self, attributes: Mapping[str, Any], count: int) -> tuple[int, ...]:
        """The numbers of the inputs, ``count`` in all, that are auxiliary states: what a call may update."""
        if self._states is not None:
            return tuple(self.inputs.index(name) for name in self._states)
        return () if self.writes is None else tuple(self.writes(count, attributes))

    def results(self, spec: Specialization) -> tuple[Type, ...]:
        """The types of what a caller sees: all results but those that are written to inputs."""
        return spec.out_types[: len(spec.out_types) - len(spec.writes)]

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name, those that it declares, and those that MXNet has for it."""
        return tuple(dict.fromkeys((self.name, *self.aliases, *twins(self.name))))

    @property
    def has_gradient_rule(self) -> bool:
        return self._gradient is not None or not self.differentiable

    def differentiate(
        self, spec: Specialization, cotangents: Sequence[Any], outputs: Sequence[Any], inputs: Sequence[Any]
    ) -> Sequence[Any]:
        if self._gradient is None:
            return [None] * len(inputs)
        tensors, given = inputs[: len(spec.in_types)], inputs[len(spec.in_types) :]
        seen = self._arguments(spec.attributes, spec.slots, given)
        kwargs = {name: value for name, value in seen.items() if not self.by_name[name].kind.hidden}
        single = len(spec.out_types) == 1
        found = self._gradient(
            cotangents[0] if single else tuple(cotangents), outputs[0] if single else tuple(outputs), *tensors, **kwargs
        )
        listed = list(found) if isinstance(found, tuple | list) else [found]
        return listed + [None] * (len(inputs) - len(listed))


def _on_one_device(types: tuple[Type, ...]) -> None:
    """Refuse inputs from different devices: what moves between devices is said, never guessed."""
    for type in types:
        if type.context.device != types[0].context.device:
            raise OperatorError(
                f"all inputs must live on one device, but one is on {types[0].context} and another on {type.context}; "
                f"copy one with as_in_context"
            )


def _declared(
    function: Callable[..., Any], bounds: Mapping[str, tuple[float, float]]
) -> tuple[tuple[str, ...], int, bool, tuple[Parameter, ...]]:
    """Array inputs, how many are required, whether the last is variadic, and the attributes of ``function``."""
    inputs: list[str] = []
    required, variadic = 0, False
    parameters: list[Parameter] = []
    for p in inspect.signature(function).parameters.values():
        if p.kind is p.VAR_POSITIONAL:
            inputs.append(p.name)
            variadic = True
        elif p.kind is p.KEYWORD_ONLY:
            text = str(p.annotation)
            kinds = kinds_of(p.annotation, function.__globals__)
            if len(kinds) != 1 or not isinstance(kinds[0], Kind):
                raise TypeError(f"{function.__name__}: parameter {p.name} needs one known kind, got {text!r}")
            if kinds[0].hidden:
                p = p.replace(default=None)
            optional = "None" in text or p.default is None
            parameters.append(Parameter(p.name, kinds[0], p.default, optional, bounds.get(p.name)))
        else:
            inputs.append(p.name)
            required += p.default is p.empty
    return tuple(inputs), required, variadic, tuple(parameters)


def numbered(count: int) -> tuple[str, ...]:
    """Names of ``count`` results that have none of their own."""
    return ("output",) if count == 1 else tuple(f"output{i}" for i in range(count))


def floats(rng: np.random.Generator, *shape: int) -> np.ndarray[Any, Any]:
    """float32 numbers from 0 to 1, for samples."""
    return rng.random(shape).astype("float32")


def op(
    *,
    samples: Samples | None = None,
    name: str | None = None,
    aliases: Sequence[str] = (),
    method: bool = True,
    static_values: Mapping[str, tuple[float, ...]] | None = None,
    writes: Sequence[int] | Writes = (),
    shapes: ShapeRule | None = None,
    dtypes: DTypeRule | None = same,
    optional: Mapping[str, Callable[[Mapping[str, Any]], bool]] | None = None,
    outputs: Sequence[str] | Outputs = ("output",),
    states: Sequence[str] | None = None,
    draws: Callable[[Mapping[str, Any]], bool] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    differentiable: bool = True,
    smooth: bool = True,
    integral: bool = False,
    shorthand: bool = False,
) -> Callable[[Callable[..., Any]], Operator]:
    """Declare an operator: positional arguments are arrays, keyword-only ones attributes (see ``kinds``).

    ``samples(rng)`` lists inputs and attributes for the generic tests, and is required by them. ``method``: also a
    method of ``NDArray``. ``static_values``: values of a runtime scalar that are compiled in. ``smooth``: second
    order is tested. ``differentiable=False``: the gradient is zero everywhere. ``shorthand``: the function is called
    with the types of the arrays, and gives the operator that is recorded in its place with that one's attributes.

    ``writes``: numbers of the inputs that a call updates, to which the runtime writes the last results of the body;
    callers see the others. ``draws``: whether a call draws. Both may depend on the static attributes. ``bounds``: what
    a number must lie between.

    ``shapes`` and ``dtypes`` say what follows for inputs and results of which not all is known (see ``partial``); by
    default nothing for shapes, and one dtype for all. ``optional``: with which attributes a call has which input.

    ``outputs``: names of what callers see, which may depend on the attributes, where that is not one "output".
    ``states``: names of the inputs that are auxiliary states in MXNet, where these are not those in ``writes``.
    """
    chosen = writes if callable(writes) else (lambda count, attributes: writes) if writes else None

    def declare(function: Callable[..., Any]) -> Operator:
        return _known(Operator(
            function, name=name or function.__name__.rstrip("_"), aliases=aliases, samples=samples, method=method,
            static_values=static_values or {}, writes=chosen, shapes=shapes, dtypes=dtypes, optional=optional or {},
            outputs=outputs, states=states, draws=draws, bounds=bounds or {}, differentiable=differentiable,
            smooth=smooth and differentiable, integral=integral, shorthand=shorthand,
        ))  # fmt: skip

    return declare


def _known(operator: Operator) -> Operator:
    """``operator``, which is found by its names from now on."""
    for each in (operator.name, *operator.aliases):
        if each in OPERATORS:
            raise TypeError(f"operator {each!r} is declared twice")
        OPERATORS[each] = operator
    return operator


def find(name: str) -> Operator | None:
    """The operator called ``name``, in any of MXNet's spellings of it."""
    found = OPERATORS.get(name)
    if found is None and name in mxnet_operators():
        found = next((OPERATORS[twin] for twin in twins(name) if twin in OPERATORS), None)
    return found


def every_name() -> set[str]:
    """All names that ``find`` knows."""
    return {name for operator in OPERATORS.values() for name in operator.names}


def explain(name: str, types: Sequence[Type], error: Exception) -> MXNetError:
    """``error`` as the user should read it: operator, reason, types."""
    return MXNetError(f"[{name}] {error} (called with {', '.join(map(str, types)) or 'no arrays'})")
