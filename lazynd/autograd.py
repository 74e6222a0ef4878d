"""Automatic differentiation: recording scopes, variables, gradients and their check, functions with a backward."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from . import runtime
from .gradient_check import STEP, Tools, first_complaint
from .ir.errors import MXNetError
from .nd import NDArray
from .nd.refusal import check_request, reports
from .reference import fronts
from .runtime.record.cell import Cell, Variable
from .runtime.record.function import record_function
from .runtime.thread import LOCAL

__all__ = [
    "Function", "backward", "check_gradients", "get_symbol", "grad", "is_recording", "is_training", "mark_variables",
    "pause", "predict_mode", "record", "set_recording", "set_training", "train_mode",
]  # fmt: skip


def is_recording() -> bool:
    """Whether operations of this thread are recorded for gradients.

    >>> from lazynd import autograd
    >>> autograd.is_recording()
    False
    """
    return LOCAL.state.recording


def is_training() -> bool:
    """Whether this thread is in training mode, which Dropout and BatchNorm ask.

    >>> from lazynd import autograd
    >>> with autograd.train_mode():
    ...     autograd.is_training()
    True
    """
    return LOCAL.state.training


def set_recording(is_record: bool) -> bool:
    """Set the recording flag of this thread; returns what it was. ``record`` is the same as a ``with`` block.

    >>> from lazynd import autograd
    >>> autograd.set_recording(True), autograd.set_recording(False)
    (False, True)
    """
    state = LOCAL.state
    before = state.recording
    if is_record and not before and not state.record_depth:
        runtime.fence()
    state.recording = bool(is_record)
    return before


def set_training(train_mode: bool) -> bool:
    """Set the mode of this thread; returns what it was.

    >>> from lazynd import autograd
    >>> autograd.set_training(True), autograd.set_training(False)
    (False, True)
    """
    state = LOCAL.state
    before = state.training
    state.training = bool(train_mode)
    return before


class _Scope:
    """Sets flags inside a ``with`` block. None leaves a flag."""

    __slots__ = ("_before", "_counted", "_recording", "_training")

    def __init__(self, recording: bool | None, training: bool | None) -> None:
        self._recording = recording
        self._training = training

    def __enter__(self) -> None:
        state = LOCAL.state
        self._before = (state.recording, state.training)
        self._counted = bool(self._recording)
        if self._recording is not None:
            if self._recording:
                state.record_depth += 1
                if state.record_depth == 1:
                    try:
                        runtime.fence()
                    except BaseException:  # an interrupt: there will be no __exit__
                        state.record_depth = 0
                        raise
            state.recording = self._recording
        if self._training is not None:
            state.training = self._training

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        state = LOCAL.state
        state.recording, state.training = self._before
        state.record_depth -= self._counted
        if self._counted and not state.record_depth:
            state.recorder.leave_record()


def record(train_mode: bool = True) -> _Scope:
    """Record what happens inside for gradients, in training mode by default.

    >>> from lazynd import autograd, nd
    >>> x = nd.array([1.0, 2.0])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad.asnumpy()
    array([2., 4.], dtype=float32)
    """
    return _Scope(True, train_mode)


def pause(train_mode: bool = False) -> _Scope:
    """Do not record what happens inside: to the tape it is a constant. Prediction mode by default.

    >>> from lazynd import autograd, nd
    >>> x = nd.array([3.0])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     with autograd.pause():
    ...         factor = x * 2
    ...     y = factor * x
    >>> y.backward()
    >>> x.grad.asscalar()
    np.float32(6.0)
    """
    return _Scope(False, train_mode)


def train_mode() -> _Scope:
    """Training mode inside; recording stays on or off as it was.

    >>> from lazynd import autograd, nd
    >>> with autograd.train_mode():
    ...     dropped = nd.Dropout(nd.ones((1000,)), p=0.5)
    >>> dropped.min().asscalar()
    np.float32(0.0)
    """
    return _Scope(None, True)


def predict_mode() -> _Scope:
    """Prediction mode inside, also inside ``record``, which records in training mode by default.

    >>> from lazynd import autograd, nd
    >>> with autograd.record(), autograd.predict_mode():
    ...     kept = nd.Dropout(nd.ones((1000,)), p=0.5)
    >>> kept.min().asscalar()
    np.float32(1.0)
    """
    return _Scope(None, False)


@reports("mark_variables")
def mark_variables(variables: Any, gradients: Any, grad_reqs: str | Sequence[str] = "write") -> None:
    """Make arrays variables with the given gradient buffers, of their shapes and dtypes (else ``MXNetError``).

    ``grad_reqs``: "write", "add" or "null", one for all or one for each (else ``KeyError``).

    >>> from lazynd import autograd, nd
    >>> x, buffer = nd.array([1.0, 2.0]), nd.zeros((2,))
    >>> autograd.mark_variables([x], [buffer])
    >>> with autograd.record():
    ...     y = x * x
    >>> y.backward()
    >>> buffer.asnumpy()
    array([2., 4.], dtype=float32)
    """
    arrays = [variables] if isinstance(variables, NDArray) else list(variables)
    buffers = [gradients] if isinstance(gradients, NDArray) else list(gradients)
    requests = [grad_reqs] * len(arrays) if isinstance(grad_reqs, str) else list(grad_reqs)
    if len(arrays) != len(buffers) or len(arrays) != len(requests):
        raise MXNetError(f"{len(arrays)} variables, {len(buffers)} gradients and {len(requests)} requests do not match")
    for request in requests:
        check_request("mark_variables", request, arrays)
    for array, buffer in zip(arrays, buffers, strict=True):
        if array._cell.type is not buffer._cell.type:
            raise MXNetError(f"the gradient buffer of {array._cell.type} has type {buffer._cell.type}")
    for array in arrays:
        LOCAL.state.recorder.new_variable(array._cell, "mark_variables")
    for array, buffer, request in zip(arrays, buffers, requests, strict=True):
        array._cell.history = None
        array._cell.variable = Variable(buffer._cell, request)


def _cells(arrays: Any) -> list[Cell]:
    listed = [arrays] if isinstance(arrays, NDArray) else list(arrays)
    for each in listed:
        if not isinstance(each, NDArray):
            raise TypeError(f"expected an NDArray, got {type(each)}")
    return [each._cell for each in listed]


def _gradients(given: Any) -> list[Cell | None] | None:
    if given is None:
        return None
    listed = [given] if isinstance(given, NDArray) else list(given)
    return [None if each is None else each._cell for each in listed]


@reports("backward")
def backward(heads: Any, head_grads: Any = None, retain_graph: bool = False, train_mode: bool = True) -> None:
    """Gradients of ``heads`` into the buffers of all variables they depend on. Runs nothing.

    ``head_grads``: one for each head, in a list of the same length (else ``AssertionError``); ones where None. If
    a head is given twice, the last head gradient counts. ``retain_graph``: keep the graph, to differentiate it again.
    ``MXNetError`` where a head was not recorded, or depends on no variable.

    >>> from lazynd import autograd, nd
    >>> x = nd.array([1.0, 2.0])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y, z = x * 3, x * x
    >>> autograd.backward([y, z], [nd.array([1, 1]), nd.array([10, 10])])
    >>> x.grad.asnumpy()
    array([23., 43.], dtype=float32)
    """
    cells, given = _cells(heads), _gradients(head_grads)
    if given is not None and len(given) != len(cells):
        raise AssertionError("heads and head_grads must be lists of the same length")
    runtime.backward(cells, given, retain_graph)


@reports("grad")
def grad(
    heads: Any,
    variables: Any,
    head_grads: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    train_mode: bool = True,
) -> list[NDArray]:
    """Gradients of ``heads`` with respect to ``variables``, as new arrays of their shapes and dtypes. Runs nothing.

    ``create_graph`` records them, so that they can be differentiated again; ``retain_graph`` is the same by default.
    ``head_grads`` as for ``backward``. ``MXNetError`` for an array that is no variable, or on which no head depends.

    >>> from lazynd import autograd, nd
    >>> x = nd.array([1.0, 2.0])
    >>> x.attach_grad()
    >>> with autograd.record():
    ...     y = x * x * x
    ...     slope = autograd.grad(y, [x], create_graph=True)[0]
    >>> slope.backward()
    >>> slope.asnumpy(), x.grad.asnumpy()
    (array([ 3., 12.], dtype=float32), array([ 6., 12.], dtype=float32))
    """
    keep = create_graph if retain_graph is None else retain_graph
    cells, given = _cells(heads), _gradients(head_grads)
    if given is not None and len(given) != len(cells):
        raise AssertionError("heads and head_grads must be lists of the same length")
    found = runtime.grad(cells, _cells(variables), given, keep, create_graph)
    return [NDArray(cell) for cell in found]


@reports("get_symbol")
def get_symbol(x: NDArray) -> Any:
    """Not built yet (``NotImplementedError``): the symbol of a recorded computation.

    ``MXNetError`` for an array that was not recorded.

    >>> from lazynd import autograd, nd
    >>> x = nd.ones((2,))
    >>> x.attach_grad()
    >>> autograd.get_symbol(x)
    Traceback (most recent call last):
    ...
    NotImplementedError: autograd.get_symbol is not built yet
    """
    history = x._cell.history
    if (history is None or history[0].consumed) and x._cell.variable is None:
        raise MXNetError("NDArray is not part of a computation graph. Did you forget to turn on recording?")
    raise NotImplementedError("autograd.get_symbol is not built yet")


def _check_array(name: str, found: Any) -> None:
    if not isinstance(found, NDArray):
        raise MXNetError(f"{name} must give an NDArray for each, but gave {found!r}")


class Function:
    """A differentiable function with its own ``backward``: subclass, write both, call an instance, each only once.

    A second call is an ``AssertionError``, since an instance keeps the values of one call for ``backward``.

    >>> from lazynd import autograd, nd
    >>> class Double(autograd.Function):
    ...     def forward(self, x):
    ...         return x * 2
    ...     def backward(self, dy):
    ...         return dy * 2
    >>> x = nd.ones((2,)); x.attach_grad()
    >>> with autograd.record():
    ...     y = Double()(x)
    >>> y.backward(); x.grad.asnumpy()
    array([2., 2.], dtype=float32)
    """

    #: Attributes of the class, since ``__init__`` of a subclass need not call this one's.
    _saved: tuple[NDArray, ...] = ()
    _called = False

    def save_for_backward(self, *args: NDArray) -> None:
        """Keep arrays for ``backward``, as ``saved_tensors``.

        >>> from lazynd import autograd, nd
        >>> class Square(autograd.Function):
        ...     def forward(self, x):
        ...         self.save_for_backward(x)
        ...         return x * x
        ...     def backward(self, dy):
        ...         (x,) = self.saved_tensors
        ...         return 2 * x * dy
        >>> x = nd.array([3.0]); x.attach_grad()
        >>> with autograd.record():
        ...     y = Square()(x)
        >>> y.backward(); x.grad.asscalar()
        np.float32(6.0)
        """
        self._saved = args

    @property
    def saved_tensors(self) -> tuple[NDArray, ...]:
        return self._saved

    def forward(self, *inputs: NDArray) -> Any:
        """Outputs from inputs; not recorded."""
        raise NotImplementedError

    def backward(self, *output_grads: NDArray) -> Any:
        """Gradients of the inputs from those of the outputs."""
        raise NotImplementedError

    def __call__(self, *inputs: NDArray) -> Any:
        if self._called:
            raise AssertionError(f"an instance of {type(self).__name__} is called once; make another one")
        self._called = True
        with pause(LOCAL.state.training):
            made = self.forward(*inputs)
        outputs = list(made) if isinstance(made, list | tuple) else [made]
        for each in outputs:
            _check_array(f"{type(self).__name__}.forward", each)
        if not LOCAL.state.recording:
            return made

        def pull(gradients: list[Cell]) -> list[Cell]:
            with pause():
                found = self.backward(*map(NDArray, gradients))
            listed = list(found) if isinstance(found, list | tuple) else [found]
            if len(listed) != len(inputs):
                raise MXNetError(
                    f"{type(self).__name__}.backward gave {len(listed)} gradients for {len(inputs)} inputs"
                )
            for array, gradient in zip(inputs, listed, strict=True):
                _check_array(f"{type(self).__name__}.backward", gradient)
                if array._cell.type is not gradient._cell.type:
                    raise MXNetError(f"{type(self).__name__}.backward: {gradient._cell.type} for {array._cell.type}")
            return [each._cell for each in listed]

        cells = record_function(LOCAL.state.recorder, [i._cell for i in inputs], [o._cell for o in outputs], pull)
        arrays = [NDArray(cell) for cell in cells]
        return arrays if isinstance(made, list | tuple) else arrays[0]


@reports("check_gradients", running=True)
def check_gradients(
    function: Callable[..., Any],
    inputs: NDArray | Sequence[NDArray],
    order: int = 1,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    step: float = STEP,
    train_mode: bool = True,
) -> None:
    """Compare the gradients of ``function`` with differences of its values; ``AssertionError`` where they disagree.

    ``function`` takes the ``inputs``, one array or a sequence, and returns one array or several. Inputs of a float
    dtype are checked; others are passed on as they are. ``order=2`` checks the gradients of the gradients too, and so
    on.

    Copies of the inputs in float64 are used, whatever their dtype: a difference of float32 values gives two or three
    digits of a slope, too few to see a mistake. So an array that the function takes from elsewhere must be float64 or
    no float. An output of another float dtype is a ``TypeError``, no output of floats a ``ValueError``.

    Each input is moved as a whole, in a random direction, by ``step`` (6.1e-06) up and down. The outputs are summed
    with random weights (a single number has the weight 1), and the slope of this sum must be what the gradient says,
    but for ``atol``, and ``rtol`` times the size of the slope. Differences are off by about 1e-10 where the function,
    its slope and its third derivative are of one size; the defaults leave room for much steeper ones. A wrong element
    is not seen if its gradient is 100,000 times smaller than the input's others: check that part alone.

    The error names the input and the element, and gives the gradient and the slope found. At a kink, a jump or beside
    values that are not finite nothing can be compared; that is an ``AssertionError`` too, and says so.

    A random function, such as ``nd.Dropout``, draws the same numbers at each call, and the random streams are put
    back to where they were. A function that does not give the same outputs for the same inputs is an
    ``AssertionError``.

    The values of ``function`` are computed with arrays that are no variables, so it may not ask for gradients with
    respect to them itself: check the function that it differentiates with ``order=2`` instead.

    >>> from lazynd import autograd, nd
    >>> x, w = nd.array([[1, 2, 3]]), nd.array([[0.5], [0.1], [0.2]])
    >>> autograd.check_gradients(lambda x, w: nd.tanh(nd.dot(x, w)), [x, w], order=2)
    >>> class Square(autograd.Function):
    ...     def forward(self, x):
    ...         self.save_for_backward(x)
    ...         return x * x
    ...     def backward(self, dy):
    ...         return self.saved_tensors[0] * dy            # should be twice that
    >>> try:
    ...     autograd.check_gradients(lambda x: Square()(x).sum(), nd.array([1, 3]))
    ... except AssertionError as error:
    ...     print(str(error).splitlines()[1].strip())
    at element 1 (where it is 3) is 3, but by differences of the function it is 6
    """
    given = [inputs] if isinstance(inputs, NDArray) else list(inputs)
    _refuse(given, order, step, rtol, atol)

    def scope(recording: bool) -> _Scope:
        return _Scope(recording, train_mode)

    found = first_complaint(Tools(grad, scope), function, given, order, step, rtol, atol)
    if found is not None:
        raise AssertionError(found)


def _refuse(inputs: Sequence[Any], order: int, step: float, rtol: float, atol: float) -> None:
    """Refuse arguments of ``check_gradients`` that make no sense."""
    for each in inputs:
        if not isinstance(each, NDArray):
            raise TypeError(f"inputs are NDArrays, {each!r} is not")
    if order.__class__ is not int or order < 1:
        raise ValueError(f"order is a whole number from 1, {order!r} is not")
    if not 0 < step < math.inf:
        raise ValueError(f"step is a finite number above 0, {step!r} is not")
    for name, allowed in (("rtol", rtol), ("atol", atol)):
        if not 0 <= allowed < math.inf:
            raise ValueError(f"{name} is a finite number from 0, {allowed!r} is not")


__getattr__, __dir__ = fronts(__name__)
