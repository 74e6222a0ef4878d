"""Running a plan operator by operator in NumPy, on the host: what compiling would not pay for, and what failed whole.

Every operator is run by the list of NumPy calls that its body amounts to, which the specialization remembers: a plan of
operators that were seen before runs at once, however they are put together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, Final

import numpy as np

from ...backends import cast_scalar, compiled_function, finish_all, loaded_backend
from ...backends.memory import NOTEWORTHY, require_memory
from ...backends.numpy.functions import Call
from ...backends.numpy.steps import Array, Steps
from ...backends.numpy.subnormals import Flushed
from ...backends.numpy.threads import Threads
from ...config import config
from ...ir.errors import CheckFailed
from ...ir.flatten import flat_graph
from ...ir.node import Node
from ...ir.specialization import BYTES_PER_COST, NODE_COST, Specialization
from ...ir.types import is_floating
from ..guard.leaving import INSIDE
from ..tell.sites import current_site, site_of
from ..tell.stats import stats
from ..tell.tracing import TRACING, Trace
from .execute import count, publish
from .failure import CheckedProgramError, Lost, ProgramError, failed, lose, refused
from .history import HISTORY, milliseconds_since
from .late import computed
from .liveness import Ref
from .plan import Plan

#: What an operator costs from which on its results may be ``NOTEWORTHY``.
_NOTEWORTHY_COST: Final = NODE_COST + NOTEWORTHY // BYTES_PER_COST


def interpret(plan: Plan) -> None:
    """Run ``plan`` and publish its results; called with the lock held."""
    wanted = [plan.items[i] for i in plan.outputs]
    noted, trace = HISTORY.interpreted(plan), TRACING.now
    started = perf_counter() if HISTORY.timed or trace is not None else 0.0
    with np.errstate(all="ignore"), Flushed(), Threads():
        results = _Interpretation(plan, wanted).run()
    if started:
        noted.milliseconds = milliseconds_since(started)
    if trace is not None:
        trace.span("interpreter", "program", current_site(), started, operators=len(plan.items))
    publish(wanted, results, plan.items)
    stats.interpreted += 1
    count(plan.items, sum(each.type.nbytes for each in wanted))


def steps_of(spec: Specialization) -> Steps:
    """What runs ``spec`` on its inputs and numbers."""
    found: Steps | None = spec.steps
    if found is None:
        found = spec.steps = Steps(flat_graph(spec), (), compiled_function)
    return found


def unprepared(plan: Plan) -> list[Call]:
    """The functions that ``plan`` calls of the backend and that this has not compiled yet."""
    calls: set[Call] = set()
    for spec in {item.spec for item in plan.items if isinstance(item, Node) and item.spec is not None}:
        with suppress(Exception):  # it fails again when the operator runs, which is told then
            calls.update(steps_of(spec).calls)
    if not calls:
        return []
    backend = loaded_backend(config.backend)
    if backend is None:
        return list(calls)
    return [call for call in calls if backend.function is not None and not backend.function.ready(*call)]


class _Interpretation:
    """The values of a plan while it runs. Each is dropped after its last use, and its memory used again if it can be.

    ``owned``: the values whose memory nothing else uses, because an operator of this plan made it for them alone.
    """

    __slots__ = ("items", "left", "owned", "values", "wanted")

    def __init__(self, plan: Plan, wanted: Sequence[Ref]) -> None:
        self.items = plan.items
        self.wanted = wanted
        #: How often each value has yet to be read; those that are wanted, once more than they are.
        self.left: Counter[Ref] = Counter(dict.fromkeys(plan.items, 0))
        self.left.update(wanted)
        for item in plan.items:
            if item.__class__ is Node:
                self.left.update([ref for ref in item.node.inputs or () if ref in self.left])
        self.values: dict[Ref, Array] = {}
        self.owned: set[Ref] = set()

    def run(self) -> list[Array]:
        made: Sequence[Any] = ()
        fresh: Sequence[bool] = ()
        trace = TRACING.now
        for item in self.items:
            if isinstance(item, Node):  # its further outputs follow it
                made, fresh = self._run_one(item) if trace is None else self._traced_one(item, trace)
                number = 0
            else:
                number = item.index
            self.values[item] = made[number]
            if fresh[number]:
                self.owned.add(item)
        return [self._given_away(ref) for ref in self.wanted]

    def _traced_one(self, node: Node, trace: Trace) -> tuple[Sequence[Any], Sequence[bool]]:
        started = perf_counter()
        made = self._run_one(node)
        assert node.spec is not None
        trace.span(str(node.spec.op.name), "operator", site_of(node.code, node.lasti), started, scope=node.scope)
        return made

    def _run_one(self, node: Node) -> tuple[Sequence[Any], Sequence[bool]]:
        spec = node.spec
        assert spec is not None and node.inputs is not None
        try:
            if spec.cost > _NOTEWORTHY_COST:
                require_memory(sum(type.nbytes for type in spec.out_types), finish_all)
            steps = steps_of(spec)
            given, writable = self._operands(node.inputs)
            for slot, number in zip(spec.slots, node.scalars, strict=True):
                dtype = slot.type.dtype
                given.append(dtype.type(number) if is_floating(dtype) else cast_scalar(number, slot.type))
            if writable:
                steps = steps.owning(tuple(writable))
            made = steps(given)
        except ProgramError:  # of a program that ran before, whose result it needs
            raise
        except CheckFailed as error:
            raise self._refused(node, error) from error
        except Exception as error:
            raise failed(node, "running it", error) from error
        if not all(steps.fresh):
            self.owned.difference_update(node.inputs)
        return made, steps.fresh

    def _operands(self, inputs: Sequence[Ref]) -> tuple[list[Any], list[int]]:
        """The values of ``inputs``, and the numbers of those that are read for the last time and are owned."""
        given: list[Any] = []
        writable: list[int] = []
        left, values = self.left, self.values
        for number, ref in enumerate(inputs):
            known = left.get(ref)
            if known is None:
                given.append(on_host(ref))
                continue
            given.append(values[ref])
            left[ref] = known - 1
            if known == 1:
                del values[ref]
                if ref in self.owned and inputs.count(ref) == 1:
                    writable.append(number)
        return given, writable

    def _given_away(self, ref: Ref) -> Array:
        """The value of ``ref`` as a result: an array that shares its memory with nothing."""
        value = self.values[ref]
        return value if ref in self.owned and value.base is None else value.copy()

    def _refused(self, node: Node, error: CheckFailed) -> CheckedProgramError:
        """What readers of ``node`` get. It would fail in the same way again, so it is lost, with what needs it."""
        wrong = refused(node, error)
        lose(self.items, {id(node)}, Lost(str(wrong), type(wrong)))
        return wrong


def on_host(ref: Ref) -> Array:
    """The value of ``ref`` as a NumPy array that must not be written."""
    value = ref.value
    if isinstance(value, np.ndarray):
        return value
    backend = loaded_backend(config.backend)
    assert backend is not None, "it has made a buffer"
    computed(ref, value, backend)
    with INSIDE:
        return backend.view(value)
