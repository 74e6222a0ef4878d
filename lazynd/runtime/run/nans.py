"""The search for the first NaN: what gave it runs again, operator by operator, in the interpreter.

While ``config.debug_nans`` is on, what a plan reads is kept until its results were looked at. Of the operators that
gave bad values from good ones, that is named which the bad result depends on: what a ``where`` left out is nobody's
fault.
Calls, loops and choices are opened, so that the operator is that which the user wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any, Final

import numpy as np

from ...backends import cast_scalar
from ...backends.numpy.steps import Array
from ...backends.numpy.subnormals import Flushed
from ...config import config
from ...ir.derived import root
from ...ir.errors import MXNetError
from ...ir.graph import Graph, subgraphs
from ...ir.node import Node
from ...ir.primitive import Primitive
from ...ir.specialization import Specialization
from ...ir.types import is_floating
from ..tell.location import describe, is_our_file
from ..tell.stats import logger
from ..tell.wording import input_words, operator_words
from .interpret import on_host, steps_of
from .plan import Plan

_TESTS: Final[dict[str, Callable[[Array], Any]]] = {"nan": np.isnan, "inf": lambda x: ~np.isfinite(x)}
#: What is said of the values that are looked for.
_WORDS: Final = {"nan": "nan", "inf": "nan or inf"}
#: How the words begin that say in which step of a loop something was found; steps are counted from 0.
_STEP: Final = "step "


class BadValue(MXNetError, FloatingPointError):
    """Under ``lazynd.debug_nans``: an operator gave NaN, or infinity. The arrays have their values all the same.

    >>> import lazynd
    >>> from lazynd import nd
    >>> try:
    ...     with lazynd.debug_nans():
    ...         nd.log(nd.array([1.0, -1.0])).asnumpy()
    ... except lazynd.observe.BadValue as error:
    ...     print(str(error).splitlines()[0][:13])
    [log] gave na
    """


@dataclass(frozen=True, slots=True)
class _Step:
    """One operation of a graph: what it applies, where its inputs are among the values, and the user's line."""

    spec: Specialization
    reads: tuple[tuple[int, int], ...]
    code: CodeType | None
    lasti: int


@dataclass(frozen=True, slots=True)
class _Culprit:
    """The operation that gave bad values from ``given``; ``inside`` says of which loops and calls, outermost first."""

    step: _Step
    given: Sequence[Array]
    made: Sequence[Array]
    inside: tuple[str, ...] = ()


class _Found(Exception):
    """Ends the run of a loop whose body gave a bad value."""


class Inquest:
    """What ``plan`` is about to run, kept so that it can run again; made with the lock held, before it runs.

    ``overwritten``: the numbers of the leaves whose memory it may take over.
    """

    def __init__(self, plan: Plan, overwritten: Sequence[int]) -> None:
        position = {id(item): at for at, item in enumerate(plan.items)}
        number: dict[int, int] = {}
        #: What is read, on the host: leaves, then numbers.
        self._values: list[Array] = []
        self._steps: list[_Step] = []
        #: For each item the step that gives it, and which of its results it is.
        self._places: list[tuple[int, int]] = []
        for at, leaf in enumerate(plan.leaves):
            value = on_host(leaf)
            number[id(leaf.value)] = at
            self._values.append(np.array(value) if at in overwritten else value)
        self._leaves = len(self._values)
        for item in plan.items:
            if isinstance(item, Node):
                self._places.append((len(self._steps), 0))
                self._add(item, position, number)
            else:
                self._places.append((len(self._steps) - 1, item.index))

    def _add(self, node: Node, position: dict[int, int], number: dict[int, int]) -> None:
        assert node.spec is not None and node.inputs is not None
        reads = []
        for ref in node.inputs:
            at = position.get(id(ref))
            reads.append((-1, number[id(ref.value)]) if at is None else self._places[at])
        for slot, scalar in zip(node.spec.slots, node.scalars, strict=True):
            reads.append((-1, len(self._values)))
            self._values.append(np.asarray(cast_scalar(scalar, slot.type)))
        self._steps.append(_Step(node.spec, tuple(reads), node.code, node.lasti))

    def verdict(self, plan: Plan) -> BadValue | None:
        """What to raise, now that ``plan`` has run; None if all its results are good."""
        bad = [at for at in plan.outputs if _bad(on_host(plan.items[at]))]
        if not bad:
            return None
        wanted = [self._places[at] for at in bad]
        try:
            with np.errstate(all="ignore"), Flushed():
                culprit = _hunt(self._steps, self._values, wanted)
        except Exception as error:  # an index out of bounds, want of memory: the values are there, the search is not
            logger.warning("the search for %s failed: %s", _WORDS[config.debug_nans], error, extra={"event": "nan"})
            culprit = None
        return BadValue(self._text(culprit, self._steps[wanted[0][0]]))

    def _text(self, culprit: _Culprit | None, first: _Step) -> str:
        what = _WORDS[config.debug_nans]
        if culprit is None:
            return self._came_in(first, what)
        step = culprit.step
        name = operator_words(step.spec, step.code, step.lasti)
        counts = [(int(_test(x).sum()), x) for x in culprit.made if _bad(x)]
        count, made = counts[0]
        lines = [f"[{name}] gave {what}: {count} of {made.size} numbers of {_type(made)}, from inputs without"]
        for index, x in enumerate(culprit.given[: len(step.spec.in_types)]):
            lines.append(f"  {input_words(step.spec, index, step.code, step.lasti)}: {_range(x)}")
        return "\n".join([*lines, *(f"  in {each}" for each in culprit.inside), *_recorded(step)])

    def _came_in(self, first: _Step, what: str) -> str:
        """No operator is to blame: bad values were read, or the interpreter gives none."""
        for step in self._steps:
            for index, (at, which) in enumerate(step.reads[: len(step.spec.in_types)]):
                if at < 0 and which < self._leaves and _bad(self._values[which]):
                    words = input_words(step.spec, index, step.code, step.lasti)
                    name = operator_words(step.spec, step.code, step.lasti)
                    return "\n".join([f"{what} came in with {words}, which {name} reads", *_recorded(step)])
        for step in self._steps:
            for slot, (_, which) in zip(step.spec.slots, step.reads[len(step.spec.in_types) :], strict=True):
                if _bad(self._values[which]):
                    name = operator_words(step.spec, step.code, step.lasti)
                    return "\n".join([f"{what} came in with a number: {slot.name} of {name}", *_recorded(step)])
        name = operator_words(first.spec, first.code, first.lasti)
        return "\n".join([f"[{name}] gave {what}, which the interpreter does not", *_recorded(first)])


def _hunt(steps: Sequence[_Step], values: Sequence[Array], wanted: Sequence[tuple[int, int]]) -> _Culprit | None:
    """Run ``steps``: the first that gave bad values from good ones, of those that a bad one of ``wanted`` needs."""
    made: list[Sequence[Array]] = []

    def read(place: tuple[int, int]) -> Array:
        return values[place[1]] if place[0] < 0 else made[place[0]][place[1]]

    for step in steps:
        made.append(steps_of(step.spec)([read(place) for place in step.reads]))
    reached: set[int] = set()
    stack = [place for place in wanted if _bad(read(place))]
    culprits: list[int] = []
    while stack:
        at, _ = stack.pop()
        if at < 0 or at in reached:
            continue
        reached.add(at)
        further = [place for place in steps[at].reads if _bad(read(place))]
        stack += further
        if not further:
            culprits.append(at)
    if not culprits:
        return None
    at = min(culprits)
    given = [read(place) for place in steps[at].reads]
    return _opened(steps[at], given) or _Culprit(steps[at], given, made[at])


def _opened(step: _Step, given: Sequence[Array]) -> _Culprit | None:
    """The culprit inside of a call, a loop or a choice; None where ``step`` is none, or nothing bad is found there."""
    spec = step.spec
    if isinstance(spec.op, Primitive) and spec.op.nests:
        return _in_loop(spec, spec.op, given)
    if spec.body is None or not (root(spec).op.is_call or _nests(spec.body)):
        return None
    culprit = _hunt_graph(spec.body, given)
    if culprit is None:
        return None
    inside, inner = culprit.inside, culprit.step
    name = operator_words(spec, step.code, step.lasti)
    if inside and inside[0].startswith(_STEP):  # that of the loop which the operator is
        name, inside = f"{name}, {inside[0]}", inside[1:]
    if inner.code is None or is_our_file(inner.code.co_filename):
        inner = _Step(inner.spec, inner.reads, step.code, step.lasti)
    place = f" at {describe(step.code, step.lasti)}" if step.code is not None else ""
    return _Culprit(inner, culprit.given, culprit.made, (f"{name}{place}", *inside))


def _in_loop(spec: Specialization, op: Primitive, given: Sequence[Array]) -> _Culprit | None:
    """The culprit in the bodies of a loop or a choice, which runs up to it."""
    found: list[_Culprit] = []
    bodies = {key: _Watched(graph, found) for key, graph in subgraphs(spec).items()}
    try:
        op.evaluate(*given, **{**spec.attributes, **bodies})
    except _Found:
        culprit = found[0]
        runs = max(body.runs for body in bodies.values())
        inside = culprit.inside if spec.op.name == "cond" else (f"{_STEP}{runs - 1}", *culprit.inside)
        return _Culprit(culprit.step, culprit.given, culprit.made, inside)
    return None


class _Watched:
    """A body of a loop or a choice that is looked at each time that it runs."""

    def __init__(self, graph: Graph, found: list[_Culprit]) -> None:
        self.graph = graph
        self.runs = 0
        self._found = found

    def __call__(self, inputs: Sequence[Any]) -> list[Array]:
        self.runs += 1
        given = [np.asarray(x) for x in inputs]
        culprit = _hunt_graph(self.graph, given)
        if culprit is not None:
            self._found.append(culprit)
            raise _Found
        return _evaluate(self.graph, given)


def _evaluate(graph: Graph, given: Sequence[Array]) -> list[Array]:
    known: dict[tuple[Node, int], Array] = {(node, 0): x for node, x in zip(graph.inputs, given, strict=True)}
    for node in graph.nodes:
        assert node.spec is not None and node.inputs is not None
        results = steps_of(node.spec)([known[ref.node, ref.index] for ref in node.inputs])
        known.update({(node, i): x for i, x in enumerate(results)})
    return [known[ref.node, ref.index] for ref in graph.outputs]


def _hunt_graph(graph: Graph, given: Sequence[Array]) -> _Culprit | None:
    """The culprit in ``graph``, if its results are bad though ``given`` is good."""
    places: dict[Node, int] = {node: i for i, node in enumerate(graph.nodes)}
    inputs: dict[Node, int] = {node: i for i, node in enumerate(graph.inputs)}

    def place(ref: Any) -> tuple[int, int]:
        return (-1, inputs[ref.node]) if ref.node in inputs else (places[ref.node], ref.index)

    steps = [
        _Step(node.spec, tuple(map(place, node.inputs or ())), node.code, node.lasti)
        for node in graph.nodes
        if node.spec is not None
    ]
    return _hunt(steps, given, list(map(place, graph.outputs)))


def _nests(graph: Graph) -> bool:
    """Whether ``graph`` has a loop or a choice."""
    specs = [node.spec for node in graph.nodes if node.spec is not None]
    return any(
        spec.op.nests if isinstance(spec.op, Primitive) else spec.body is not None and _nests(spec.body)
        for spec in dict.fromkeys(specs)
    )


def _test(x: Array) -> Any:
    return _TESTS[config.debug_nans](x)


def _bad(x: Array) -> bool:
    return is_floating(x.dtype) and bool(_test(x).any())


def _type(x: Array) -> str:
    return f"{x.dtype}[{','.join(map(str, x.shape))}]"


def _range(x: Array) -> str:
    """Type and extremes of ``x``."""
    if not x.size:
        return _type(x)
    return f"{_type(x)}, {x} in all" if not x.shape else f"{_type(x)} from {x.min()} to {x.max()}"


def _recorded(step: _Step) -> list[str]:
    return [f"  recorded at {describe(step.code, step.lasti, True)}"] if step.code is not None else []
