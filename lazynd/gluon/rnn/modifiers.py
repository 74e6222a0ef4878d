"""Cells that change what other cells do: dropout, zoneout, residual connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nd, sym
from ..block.places import scoped
from .cell import HybridRecurrentCell, Info, RecurrentCell
from .containers import BidirectionalCell
from .sequences import is_array, masked, sequence


class DropoutCell(HybridRecurrentCell):
    """Dropout of what goes through, see ``nn.Dropout``; it has no states.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> rnn.DropoutCell(0.5)(nd.ones((2, 3)), [])
    (
    [[1. 1. 1.]
     [1. 1. 1.]]
    <NDArray 2x3 @cpu(0)>, [])
    """

    def __init__(self, rate: float, axes: tuple[int, ...] = (), prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix, params)
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise AssertionError("rate must be a number")
        self._rate = rate
        self._axes = axes

    def _alias(self) -> str:
        return "dropout"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(rate={self._rate}, axes={self._axes})"

    def state_info(self, batch_size: int = 0) -> Info:
        return []

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        if self._rate > 0:
            inputs = F.Dropout(inputs, p=self._rate, axes=self._axes, name=f"t{self._counter}_fwd")
        return inputs, states

    @scoped
    def unroll(
        self,
        length: int,
        inputs: Any,
        begin_state: Any = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Any, list[Any]]:
        """As ``RecurrentCell.unroll``; a sequence that is one array stays one.

        >>> from lazynd import nd
        >>> from lazynd.gluon import rnn
        >>> rnn.DropoutCell(0.5).unroll(2, nd.ones((1, 2, 3)))[0].shape
        (1, 2, 3)
        """
        self.reset()
        inputs, _, F, _ = sequence(length, inputs, layout, merge_outputs)
        if is_array(inputs):
            return self.hybrid_forward(F, inputs, begin_state or [])
        return super().unroll(length, inputs, begin_state, layout, merge_outputs, None)


class ModifierCell(HybridRecurrentCell):
    """The base of cells that change ``base_cell``, whose parameters they have, and which is not called itself any more.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> class Twice(rnn.ModifierCell):
    ...     def hybrid_forward(self, F, inputs, states):
    ...         output, states = self.base_cell(inputs, states)
    ...         return output * 2, states
    >>> cell = Twice(rnn.RNNCell(3))
    >>> cell.initialize()
    >>> cell(nd.ones((1, 2)), cell.begin_state(batch_size=1))[0].shape
    (1, 3)
    """

    base_cell: Any

    def __init__(self, base_cell: RecurrentCell) -> None:
        if base_cell._modified:
            raise AssertionError(f"Cell {base_cell.name} is already modified. One cell cannot be modified twice")
        base_cell._modified = True
        super().__init__(prefix=base_cell.prefix + self._alias(), params=None)
        self.base_cell = base_cell

    @property
    def params(self) -> Any:
        """Those of the cell inside.

        >>> from lazynd.gluon import rnn
        >>> len(list(rnn.ResidualCell(rnn.RNNCell(3)).params))
        4
        """
        return self.base_cell.params

    def state_info(self, batch_size: int = 0) -> Info:
        found: Info = self.base_cell.state_info(batch_size)
        return found

    def begin_state(self, func: Callable[..., Any] | None = None, **kwargs: Any) -> list[Any]:  # type: ignore[override]  # MXNet's
        """Those of the cell inside. Without ``func`` zeros: arrays if there is a ``batch_size``, else symbols.

        >>> from lazynd.gluon import rnn
        >>> rnn.ResidualCell(rnn.RNNCell(3)).begin_state(batch_size=2)[0].shape
        (2, 3)
        >>> rnn.ResidualCell(rnn.RNNCell(3, prefix="rnn_")).begin_state()
        [<Symbol rnn_begin_state_0>]
        """
        if func is None:
            func = nd.zeros if kwargs.get("batch_size") else sym.zeros
        if self._modified:
            raise AssertionError(
                "After applying modifier cells (e.g. DropoutCell) the base cell cannot be called directly. Call the "
                "modifier cell instead."
            )
        self.base_cell._modified = False
        try:
            found: list[Any] = self.base_cell.begin_state(func=func, **kwargs)
        finally:
            self.base_cell._modified = True
        return found

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """One step: to be written in a subclass.

        >>> from lazynd.gluon import rnn
        >>> rnn.ModifierCell(rnn.RNNCell(3)).hybrid_forward(None, None, None)
        Traceback (most recent call last):
        ...
        NotImplementedError: ModifierCell has no hybrid_forward: write one in the subclass
        """
        raise NotImplementedError(f"{type(self).__name__} has no hybrid_forward: write one in the subclass")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_cell})"


class ZoneoutCell(ModifierCell):
    """In training mode, parts of outputs and states stay as in the step before (Krueger and others, 2017).

    ``zoneout_outputs``, ``zoneout_states``: the probabilities.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> cell = rnn.ZoneoutCell(rnn.RNNCell(3), 0.5, 0.5)
    >>> cell.initialize()
    >>> cell(nd.ones((1, 2)), cell.begin_state(batch_size=1))[0].shape
    (1, 3)
    """

    def __init__(self, base_cell: RecurrentCell, zoneout_outputs: float = 0.0, zoneout_states: float = 0.0) -> None:
        if isinstance(base_cell, BidirectionalCell):
            raise AssertionError(
                "BidirectionalCell doesn't support zoneout since it doesn't support step. Please add ZoneoutCell to "
                "the cells underneath instead."
            )
        super().__init__(base_cell)
        self.zoneout_outputs = zoneout_outputs
        self.zoneout_states = zoneout_states
        self._prev_output: Any = None

    def _alias(self) -> str:
        return "zoneout"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p_out={self.zoneout_outputs}, p_state={self.zoneout_states}, {self.base_cell})"

    def reset(self) -> None:
        super().reset()
        self._prev_output = None

    def _call_hybridized(self, *args: Any) -> Any:
        """No call of its own: the output that it keeps goes from step to step, also in calls of what it is in."""
        return self.forward(*args)

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        output, following = self.base_cell(inputs, states)

        def kept(p: float, new: Any, old: Any) -> Any:
            return F.where(F.Dropout(F.ones_like(new), p=p), new, old) if p else new

        before = F.zeros_like(output) if self._prev_output is None else self._prev_output
        output = kept(self.zoneout_outputs, output, before)
        following = [kept(self.zoneout_states, *pair) for pair in zip(following, states, strict=True)]
        self._prev_output = output
        return output, following


class ResidualCell(ModifierCell):
    """The inputs are added to the outputs (He and others, 2016): both must have the same shape.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> cell = rnn.ResidualCell(rnn.RNNCell(3))
    >>> cell.initialize("zeros")
    >>> cell(nd.ones((1, 3)), cell.begin_state(batch_size=1))[0].asnumpy()
    array([[1., 1., 1.]], dtype=float32)
    """

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        output, states = self.base_cell(inputs, states)
        return F.elemwise_add(output, inputs, name=f"t{self._counter}_fwd"), states

    @scoped
    def unroll(
        self,
        length: int,
        inputs: Any,
        begin_state: Any = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Any, list[Any]]:
        """As ``RecurrentCell.unroll``: the cell inside is unrolled, then the inputs are added.

        >>> from lazynd import nd
        >>> from lazynd.gluon import rnn
        >>> cell = rnn.ResidualCell(rnn.RNNCell(3))
        >>> cell.initialize()
        >>> cell.unroll(2, nd.ones((1, 2, 3)), merge_outputs=True)[0].shape
        (1, 2, 3)
        """
        self.reset()
        self.base_cell._modified = False
        try:
            outputs, states = self.base_cell.unroll(length, inputs, begin_state, layout, merge_outputs, valid_length)
        finally:
            self.base_cell._modified = True
        merge = is_array(outputs) if merge_outputs is None else merge_outputs
        inputs, axis, F, _ = sequence(length, inputs, layout, merge)
        if valid_length is not None:
            inputs = masked(F, inputs, length, valid_length, axis, merge)
        if merge:
            return F.elemwise_add(outputs, inputs), states
        return [F.elemwise_add(*pair) for pair in zip(outputs, inputs, strict=True)], states
