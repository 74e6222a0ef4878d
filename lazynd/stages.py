"""The stages of a training step, for the front ends: where it ends, what belongs to it, what the host adds to it.

``optimizer``, ``gluon.Trainer`` and ``metric`` say here what they do; how it is done is the engine's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import numpy as np

from . import runtime
from .ir.scope import common_scope
from .nd import NDArray
from .runtime.guard.sections import DeferSignals, Undivided
from .runtime.record.pending import PendingWork, region_of
from .runtime.record.scope import Scope
from .runtime.run.plan import live
from .runtime.run.regions import Region, Regions
from .runtime.tell.location import OURS, user_location
from .runtime.thread import LOCAL

__all__ = [
    "LOCAL", "OURS", "Scope", "apart", "at_hand", "beside_step", "common_scope", "each_call", "end_step",
    "fresh_gradients", "in_scope", "kept", "undivided", "untraceable", "use_gradients",
]  # fmt: skip

_N = TypeVar("_N")
#: More than anybody records in one go.
_UNLIMITED = 1 << 60


def each_call(function: Callable[[], Sequence[_N]], keep: Callable[[], Callable[[], None]]) -> Sequence[_N]:
    """Numbers that the host gives anew each time that this is reached: a learning rate, a count of steps.

    They are for parameters of operators that travel with each call. A compiled function asks ``function`` again at each
    of its calls, in the order in which it was traced. What ``function`` changes on the host it changes once a time;
    ``keep`` is called before, and gives what puts that back where a compiled call comes to nothing.

    >>> from lazynd import stages
    >>> count = {"steps": 0}
    >>> def counted():
    ...     count["steps"] += 1
    ...     return 0.1, count["steps"]
    >>> stages.each_call(counted, lambda: stages.kept(count))
    (0.1, 1)
    """
    made: Sequence[_N] = LOCAL.state.recorder.host(function, keep)
    return made


def kept(*holders: dict[Any, Any]) -> Callable[[], None]:
    """What gives dictionaries the content again that they have now.

    >>> from lazynd import stages
    >>> count = {"steps": 0}
    >>> put_back = stages.kept(count)
    >>> count["steps"] = 1
    >>> put_back()
    >>> count
    {'steps': 0}
    """
    before = [each.copy() for each in holders]

    def put_back() -> None:
        for each, content in zip(holders, before, strict=True):
            each.clear()
            each.update(content)

    return put_back


def fresh_gradients(arrays: Sequence[NDArray]) -> list[bool]:
    """Of which of ``arrays`` a backward pass has written the gradient since it was used; see ``use_gradients``.

    >>> from lazynd import autograd, nd, stages
    >>> x, y = nd.ones(1), nd.ones(1)
    >>> x.attach_grad()
    >>> y.attach_grad()
    >>> with autograd.record():
    ...     z = x * 2
    >>> z.backward()
    >>> stages.fresh_gradients([x, y])
    [True, False]
    """
    recorder = LOCAL.state.recorder
    if recorder.traces:
        return [each._fresh_grad for each in arrays]
    found = [each._cell.variable for each in arrays]
    return [variable is not None and variable.fresh for variable in found]


def use_gradients(arrays: Sequence[NDArray]) -> None:
    """The gradients of ``arrays`` are used: they are not fresh any more.

    >>> from lazynd import autograd, nd, stages
    >>> x = nd.ones(1)
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = x * 2
    >>> y.backward()
    >>> stages.use_gradients([x])
    >>> stages.fresh_gradients([x])
    [False]
    """
    if LOCAL.state.recorder.traces:
        for each in arrays:
            each._fresh_grad = False
        return
    for variable in [each._cell.variable for each in arrays]:
        if variable is not None:
            variable.fresh = False


def at_hand(array: NDArray) -> np.ndarray[Any, Any] | None:
    """The values of an array of data, not to be written; None where reading them would compute, wait or copy much.

    For checks that cost nothing: of labels, which a data loader has just given. None in a function that is traced.

    >>> from lazynd import nd, stages
    >>> label = nd.array([1, 2])
    >>> stages.at_hand(label), stages.at_hand(label + 1)
    (array([1., 2.], dtype=float32), None)
    """
    return runtime.at_hand(array._cell)


def undivided() -> AbstractContextManager[None]:
    """A section that no signal interrupts, for writes that belong together: the updates of one step.

    >>> from lazynd import nd, stages
    >>> x, y = nd.zeros(1), nd.zeros(1)
    >>> with stages.undivided():
    ...     x += 1
    ...     y -= 1
    """
    return DeferSignals()


def end_step() -> None:
    """A training step is over: what is recorded from now on shares no program with it.

    >>> from lazynd import stages
    >>> stages.end_step()
    """
    runtime.fence("a step ends")


def apart() -> AbstractContextManager[None]:
    """What is recorded inside, off the tape, has a program of its own, and is no part of a function that is traced.

    For what a step needs when it comes for the first time, states of an optimizer: it is then like those that follow,
    and shares their program.

    >>> from lazynd import nd, stages
    >>> with stages.apart():
    ...     momentum = nd.zeros((2,))
    >>> momentum.asnumpy()
    array([0., 0.], dtype=float32)
    """
    return runtime.aside()


def untraceable(what: str) -> None:
    """Called before ``what`` the host decides anew each time, so that no compiled function can hold it.

    >>> from lazynd import stages
    >>> stages.untraceable("gradients of several batches are gathered")
    """
    LOCAL.state.recorder.leaves(what)


class in_scope:
    """What is recorded inside belongs to the block of this path: the update of a parameter, to the parameter's.

    Operations that lazynd's own code applies inside have the line of the user's that it is called from.

    >>> from lazynd import nd, stages, viz
    >>> with stages.in_scope("net.output"):
    ...     x = nd.ones(2) * 2
    >>> [node.scope for node in viz.graph(x).nodes]
    ['net.output', 'net.output']
    """

    __slots__ = ("_before", "_path", "_recorder")

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        recorder = self._recorder = LOCAL.state.recorder
        self._before = recorder.scope, recorder.caller
        code, lasti = user_location()
        recorder.scope, recorder.caller = self._path, None if code is None else (code, lasti)

    def __exit__(self, *_: object) -> None:
        self._recorder.scope, self._recorder.caller = self._before


def beside_step(*arrays: NDArray) -> AbstractContextManager[None]:
    """What is recorded inside, which reads ``arrays``, joins the program of the step that they come from, if it can.

    It can if that step ended last and has not run, and nothing that was recorded since is read. For what follows a step
    and belongs to it: a metric.

    >>> from lazynd import nd, stages
    >>> loss = nd.ones((4,)) * 2
    >>> stages.end_step()
    >>> with stages.beside_step(loss):
    ...     total = loss.sum()
    >>> total.asscalar()
    np.float32(8.0)
    """
    state = LOCAL.state
    regions = state.regions
    if state.recorder.__class__ is not PendingWork or not regions.closed:
        return nullcontext()
    step = regions.closed[-1]
    waiting = [region for each in arrays if (region := region_of(each._cell)) is not None]
    if step.forced or step not in waiting or regions.open in waiting:
        return nullcontext()
    return _joining(regions, step)


@contextmanager
def _joining(regions: Regions, step: Region) -> Iterator[None]:
    before, credit = regions.open, step.credit
    step.credit = _UNLIMITED
    regions.open = step
    try:
        yield
    finally:
        regions.open = before
        step.credit = credit
        if step in regions.closed:
            _keep_live(step)
        elif step.items:  # it ran meanwhile, because something was read
            regions.closed.append(step)


def _keep_live(region: Region) -> None:
    """What is live of a closed region stays so: its program is the same whenever it runs."""
    with Undivided():
        region.kept = []
        region.kept = live(region)
