"""The stages of a training step, for the front ends: where it ends, what belongs to it, what the host adds to it.

``optimizer``, ``gluon.Trainer`` and ``metric`` say here what they do; how it is done is the engine's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from . import runtime
from .nd import NDArray
from .runtime.guard.sections import DeferSignals, Undivided
from .runtime.record.pending import PendingWork, region_of
from .runtime.run.plan import live
from .runtime.run.regions import Region, Regions
from .runtime.thread import LOCAL

__all__ = [
    "apart",
    "beside_step",
    "each_call",
    "end_step",
    "fresh_gradients",
    "undivided",
    "untraceable",
    "use_gradients",
]

_N = TypeVar("_N")
#: More than anybody records in one go.
_UNLIMITED = 1 << 60


def each_call(function: Callable[[], Sequence[_N]]) -> Sequence[_N]:
    """Numbers that the host gives anew each time that this is reached: a learning rate, a count of steps.

    They are for parameters of operators that travel with each call. A compiled function asks ``function`` again at each
    of its calls, in the order in which it was traced. What ``function`` changes on the host it changes once a time.

    >>> from lazynd import stages
    >>> stages.each_call(lambda: (0.1, 3))
    (0.1, 3)
    """
    made: Sequence[_N] = LOCAL.state.recorder.host(function)
    return made


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
