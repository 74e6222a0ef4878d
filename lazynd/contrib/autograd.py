"""``contrib.autograd``: the first interface of MXNet's automatic differentiation, in terms of the present one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from .. import autograd, nd
from ..autograd import mark_variables
from ..nd import NDArray
from ..reference import fronts

__all__ = [
    "TrainingStateScope", "backward", "compute_gradient", "grad", "grad_and_loss", "mark_variables", "set_is_training",
    "test_section", "train_section",
]  # fmt: skip


def set_is_training(is_train: bool) -> bool:
    """Record, in training mode, or neither; returns whether it was recorded before.

    >>> from lazynd import contrib
    >>> contrib.autograd.set_is_training(True), contrib.autograd.set_is_training(False)
    (False, True)
    """
    before = autograd.set_recording(is_train)
    autograd.set_training(is_train)
    return before


class TrainingStateScope:
    """``set_is_training(enter_state)`` inside a ``with`` block.

    >>> from lazynd import autograd, contrib
    >>> with contrib.autograd.TrainingStateScope(True):
    ...     autograd.is_recording(), autograd.is_training()
    (True, True)
    """

    def __init__(self, enter_state: bool) -> None:
        self._scope = (autograd.record if enter_state else autograd.pause)(bool(enter_state))

    def __enter__(self) -> None:
        self._scope.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scope.__exit__(kind, error, trace)


def train_section() -> TrainingStateScope:
    """``autograd.record()`` by its first name.

    >>> from lazynd import contrib, nd
    >>> x = nd.array([1.0, 2.0])
    >>> x.attach_grad()
    >>> with contrib.autograd.train_section():
    ...     y = x * x
    >>> contrib.autograd.backward([y])
    >>> x.grad.asnumpy()
    array([2., 4.], dtype=float32)
    """
    return TrainingStateScope(True)


def test_section() -> TrainingStateScope:
    """``autograd.pause()`` by its first name.

    >>> from lazynd import autograd, contrib
    >>> with contrib.autograd.train_section(), contrib.autograd.test_section():
    ...     autograd.is_recording()
    False
    """
    return TrainingStateScope(False)


def backward(
    outputs: Sequence[NDArray], out_grads: Sequence[NDArray | None] | None = None, retain_graph: bool = False
) -> None:
    """Gradients of a list of ``outputs`` (else ``AssertionError``); see ``autograd.backward``.

    >>> from lazynd import contrib, nd
    >>> x = nd.array([3.0])
    >>> x.attach_grad()
    >>> with contrib.autograd.train_section():
    ...     y = x * x
    >>> contrib.autograd.backward([y], [nd.array([2])])
    >>> x.grad.asnumpy()
    array([12.], dtype=float32)
    """
    assert isinstance(outputs, list | tuple), "outputs must be a list or tuple of NDArrays"
    autograd.backward(outputs, out_grads, retain_graph)


def compute_gradient(outputs: Sequence[NDArray]) -> None:
    """``backward(outputs)``.

    >>> from lazynd import contrib, nd
    >>> x, slope = nd.array([3.0]), nd.zeros(1)
    >>> contrib.autograd.mark_variables([x], [slope])
    >>> with contrib.autograd.train_section():
    ...     y = x * x
    >>> contrib.autograd.compute_gradient([y])
    >>> slope.asnumpy()
    array([6.], dtype=float32)
    """
    backward(outputs)


def grad_and_loss(
    func: Callable[..., Any], argnum: int | Sequence[int] | None = None
) -> Callable[..., tuple[list[NDArray], Any]]:
    """A function that gives the gradients of ``func`` with respect to its arguments, and what ``func`` gives.

    ``argnum``: the position of the argument, or those; None for all. They have to be arrays (else ``AssertionError``),
    and are variables from then on.

    >>> from lazynd import contrib, nd
    >>> slopes, product = contrib.autograd.grad_and_loss(lambda x, y: x * y)(nd.array([2]), nd.array([5]))
    >>> [slope.asscalar() for slope in slopes], product.asscalar()
    ([np.float32(5.0), np.float32(2.0)], np.float32(10.0))
    """

    @functools.wraps(func)
    def wrapped(*args: Any) -> tuple[list[NDArray], Any]:
        chosen = range(len(args)) if argnum is None else [argnum] if isinstance(argnum, int) else argnum
        variables = [args[number] for number in chosen]
        for each in variables:
            assert isinstance(each, NDArray), f"type of autograd input should be NDArray, not {type(each).__name__}"
        slopes = [nd.zeros_like(each) for each in variables]
        mark_variables(variables, slopes)
        with train_section():
            outputs = func(*args)
        backward([outputs] if isinstance(outputs, NDArray) else outputs)
        return slopes, outputs

    return wrapped


def grad(func: Callable[..., Any], argnum: int | Sequence[int] | None = None) -> Callable[..., list[NDArray]]:
    """A function that gives the gradients alone of what ``grad_and_loss`` gives.

    >>> from lazynd import contrib, nd
    >>> contrib.autograd.grad(lambda x: x * x)(nd.array([2]))[0].asscalar()
    np.float32(4.0)
    """
    both = grad_and_loss(func, argnum)

    @functools.wraps(both)
    def wrapped(*args: Any) -> list[NDArray]:
        return both(*args)[0]

    return wrapped


__getattr__, __dir__ = fronts(__name__)
