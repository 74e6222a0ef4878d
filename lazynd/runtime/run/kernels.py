"""Running a plan operator by operator: plans that are seen only once, and plans that failed as a whole.

A kernel is the program of one operator, with all its scalars as inputs. Kernels are kept apart from other programs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from ...backends import Backend, Executable
from ...config import config
from ...ir.errors import OutOfBounds
from ...ir.graph import graph_of
from ...ir.node import Node, Output
from ...ir.specialization import Specialization
from ..guard.leaving import INSIDE
from ..tell.stats import stats
from .execute import count, publish
from .failure import IndexProgramError, Lost, failed, lose, out_of_bounds
from .liveness import Ref
from .plan import Plan

_MOST_KERNELS: Final = 4096
#: Least recently used first.
_KERNELS: OrderedDict[tuple[str, Specialization], Executable] = OrderedDict()


def kernel(spec: Specialization, backend: Backend) -> Executable:
    """The compiled operator."""
    key = (backend.name, spec)
    found = _KERNELS.get(key)
    if found is not None:
        with suppress(KeyError):  # another thread dropped it meanwhile
            _KERNELS.move_to_end(key)
    else:
        with INSIDE:
            found, loaded = backend.compile(graph_of(spec, spec.op.name), len(spec.slots), (), True)
        if loaded:
            stats.loaded += 1
        else:
            stats.kernels += 1
        _KERNELS[key] = found
        _drop_oldest()
    return found


def _drop_oldest() -> None:
    """Keep no more kernels than ``_MOST_KERNELS``, with no more code than programs may have."""
    nbytes = sum(each.nbytes for each in list(_KERNELS.values()))
    while len(_KERNELS) > 1 and (len(_KERNELS) > _MOST_KERNELS or nbytes > config.program_bytes):
        with suppress(KeyError):  # another thread dropped the last one meanwhile
            nbytes -= _KERNELS.popitem(last=False)[1].nbytes


def prepare(plan: Plan, backend: Backend) -> None:
    """Compile the kernels of ``plan``; called without the lock."""
    for item in plan.items:
        if item.__class__ is Node and item.spec is not None:
            try:
                kernel(item.spec, backend)
            except Exception as error:
                raise failed(item, "compiling it", error) from error


def run_kernels(plan: Plan, backend: Backend) -> None:
    """Run ``plan`` operator by operator and publish its results; called with the lock held."""
    known: dict[Ref, Any] = {}
    items = plan.items
    left = dict.fromkeys(items, 0)  # how many operators have yet to read a value; after the last one it is dropped
    further: dict[Node, list[Output]] = {}
    for item in items:
        if isinstance(item, Output):
            further.setdefault(item.node, []).append(item)
            continue
        for ref in item.inputs or ():
            if ref in left:
                left[ref] += 1
    wanted = [items[i] for i in plan.outputs]
    kept = set(wanted)
    for item in items:
        if item.__class__ is not Node or item.spec is None:
            continue
        try:
            made = _run_one(item, known, backend)
        except OutOfBounds as error:
            raise _index_error(plan, item, error) from error
        except Exception as error:
            raise failed(item, "running it", error) from error
        known[item] = made[0]
        for each in further.get(item, ()):
            known[each] = made[each.index]
        for ref in item.inputs or ():
            if ref in left:
                left[ref] -= 1
                if not left[ref] and ref not in kept:
                    known.pop(ref, None)
    publish(wanted, [known[ref] for ref in wanted], items)
    stats.one_shot += 1
    count(items)


def _run_one(item: Node, known: dict[Ref, Any], backend: Backend) -> Sequence[Any]:
    """The results of one operator; ``known`` has the values of the plan so far."""
    assert item.spec is not None
    context = item.spec.in_types[0].context if item.spec.in_types else item.type.context
    given = [backend.put(known.get(ref, ref.value), context) for ref in item.inputs or ()]
    return kernel(item.spec, backend)(given, item.scalars)


def _index_error(plan: Plan, item: Node, error: OutOfBounds) -> IndexProgramError:
    """What readers of ``item`` get. It would fail in the same way again, so it is lost, with what needs it."""
    wrong = out_of_bounds(item, error)
    lose(plan.items, {id(item)}, Lost(str(wrong), IndexProgramError))
    return wrong
