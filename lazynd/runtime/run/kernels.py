"""Running a plan operator by operator: graphs that are seen once, and the search for what failed.

A kernel is one recorded operator, compiled with all its scalars as inputs and kept apart from programs.
"""

from __future__ import annotations

from collections import OrderedDict
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
from .execute import Finish, IndexProgramError, Lost, count, failed, lose, out_of_bounds, publish
from .plan import Plan, Ref

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
    """Compile the kernels of ``plan``; outside the lock."""
    for item in plan.items:
        if item.__class__ is Node and item.spec is not None:
            try:
                kernel(item.spec, backend)
            except Exception as error:
                raise failed(item, "compiling it", error) from error


def run_kernels(plan: Plan, backend: Backend, finish: Finish) -> None:
    """Run ``plan`` operator by operator and publish its results; undivided."""
    known: dict[Ref, Any] = {}
    items = plan.items
    left = dict.fromkeys(items, 0)  # uses to come, so that a value which is no output dies with its last
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
        context = item.spec.in_types[0].context if item.spec.in_types else item.type.context
        try:
            given = [backend.put(known.get(ref, ref.value), context) for ref in item.inputs or ()]
            made = kernel(item.spec, backend)(given, item.scalars)
        except OutOfBounds as error:  # it will fail again
            wrong = out_of_bounds(item, error)
            lose(items, {id(item)}, Lost(str(wrong), IndexProgramError))
            raise wrong from error
        except Exception as error:
            raise failed(item, "running it", error) from error
        del given
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
    finish()
