"""Cells of cells: one after the other, and in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..block.base import indented
from ..block.places import scoped
from .cell import _MODIFIED, HybridRecurrentCell, Info, RecurrentCell
from .sequences import as_list, backwards, is_array, masked, sequence


class _Joined(RecurrentCell):
    """What all have: the states of the cells inside, one after the other."""

    def state_info(self, batch_size: int = 0) -> Info:
        return [info for cell in self._children.values() for info in cell.state_info(batch_size)]

    def _begin_all(self, kwargs: dict[str, Any]) -> list[Any]:
        if self._modified:
            raise AssertionError(_MODIFIED)
        return [state for cell in self._children.values() for state in cell.begin_state(**kwargs)]

    def _with_states(self, states: Any) -> Iterator[tuple[Any, list[Any]]]:
        """Each cell with its part of ``states``."""
        at = 0
        for cell in self._children.values():
            count = len(cell.state_info())
            yield cell, list(states[at : at + count])
            at += count


class _Sequential(_Joined):
    """Cells that are called one after the other."""

    def __repr__(self) -> str:
        cells = "\n".join(f"({name}): {indented(repr(cell))}" for name, cell in self._children.items())
        return f"{type(self).__name__}(\n{cells}\n)"

    def __len__(self) -> int:
        return len(self._children)

    def __getitem__(self, i: int) -> Any:
        return self._children[str(i)]

    def add(self, cell: RecurrentCell) -> None:
        """Add a cell at the end.

        >>> from lazynd.gluon import rnn
        >>> cells = rnn.SequentialRNNCell()
        >>> cells.add(rnn.LSTMCell(3))
        >>> len(cells), cells[0]
        (1, LSTMCell(None -> 12))
        """
        self.register_child(cell)

    @scoped
    def __call__(self, inputs: Any, states: Any) -> Any:
        self._counter += 1
        following = []
        for cell, part in self._with_states(states):
            if isinstance(cell, BidirectionalCell):
                raise AssertionError("a BidirectionalCell cannot be stepped: use unroll")
            inputs, part = cell(inputs, part)
            following += part
        return inputs, following

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
        """As ``RecurrentCell.unroll``: each cell is unrolled over what the one before gave.

        >>> from lazynd import nd
        >>> from lazynd.gluon import rnn
        >>> cells = rnn.SequentialRNNCell()
        >>> cells.add(rnn.LSTMCell(3))
        >>> cells.initialize()
        >>> cells.unroll(2, nd.ones((1, 2, 4)), merge_outputs=True)[0].shape
        (1, 2, 3)
        """
        self.reset()
        inputs, _, F, batch = sequence(length, inputs, layout, None)
        begin_state = self._begin(F, begin_state, inputs, batch)
        following = []
        for number, (cell, part) in enumerate(self._with_states(begin_state), 1):
            merge = merge_outputs if number == len(self._children) else None
            inputs, part = cell.unroll(length, inputs, part, layout, merge, valid_length)
            following += part
        return inputs, following


class SequentialRNNCell(_Sequential):
    """Cells that are called one after the other, in each step.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> cells = rnn.SequentialRNNCell()
    >>> cells.add(rnn.LSTMCell(3))
    >>> cells.add(rnn.GRUCell(2))
    >>> cells.initialize()
    >>> output, states = cells(nd.ones((1, 4)), cells.begin_state(batch_size=1))
    >>> output.shape, [each.shape for each in states]
    ((1, 2), [(1, 3), (1, 3), (1, 2)])
    """

    def begin_state(self, **kwargs: Any) -> list[Any]:  # type: ignore[override]  # MXNet's, by keyword alone
        return self._begin_all(kwargs)

    def hybrid_forward(self, *args: Any, **kwargs: Any) -> Any:
        """Not called: ``NotImplementedError``.

        >>> from lazynd.gluon import rnn
        >>> rnn.SequentialRNNCell().hybrid_forward()
        Traceback (most recent call last):
        ...
        NotImplementedError: SequentialRNNCell is called itself
        """
        raise NotImplementedError("SequentialRNNCell is called itself")


class HybridSequentialRNNCell(_Sequential, HybridRecurrentCell):
    """Hybrid cells that are called one after the other, in each step.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> cells = rnn.HybridSequentialRNNCell()
    >>> cells.add(rnn.RNNCell(3))
    >>> cells.initialize()
    >>> cells(nd.ones((1, 4)), cells.begin_state(batch_size=1))[0].shape
    (1, 3)
    """

    def begin_state(self, **kwargs: Any) -> list[Any]:  # type: ignore[override]  # MXNet's, by keyword alone
        return self._begin_all(kwargs)

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        return self(inputs, states)


class BidirectionalCell(_Joined, HybridRecurrentCell):
    """Two cells over the same sequence, ``r_cell`` from its end; outputs are joined. It can only be unrolled.

    (Schuster and Paliwal, 1997.)

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> cell = rnn.BidirectionalCell(rnn.LSTMCell(3), rnn.LSTMCell(2))
    >>> cell.initialize()
    >>> outputs, states = cell.unroll(4, nd.ones((1, 4, 5)), merge_outputs=True)
    >>> outputs.shape, len(states)
    ((1, 4, 5), 4)
    """

    def __init__(self, l_cell: RecurrentCell, r_cell: RecurrentCell, output_prefix: str = "bi_") -> None:
        super().__init__(prefix="", params=None)
        self.register_child(l_cell, "l_cell")
        self.register_child(r_cell, "r_cell")
        self._output_prefix = output_prefix

    def begin_state(self, **kwargs: Any) -> list[Any]:  # type: ignore[override]  # MXNet's, by keyword alone
        return self._begin_all(kwargs)

    def __call__(self, inputs: Any, states: Any) -> Any:
        raise NotImplementedError("Bidirectional cannot be stepped. Please use unroll")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(forward={self._children['l_cell']}, backward={self._children['r_cell']})"

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
        """As ``RecurrentCell.unroll``, in both directions.

        >>> from lazynd import nd
        >>> from lazynd.gluon import rnn
        >>> cell = rnn.BidirectionalCell(rnn.RNNCell(3), rnn.RNNCell(3))
        >>> cell.initialize()
        >>> [each.shape for each in cell.unroll(2, nd.ones((1, 2, 4)))[0]]
        [(1, 6), (1, 6)]
        """
        self.reset()
        inputs, axis, F, batch = sequence(length, inputs, layout, False)
        begin_state = self._begin(F, begin_state, inputs, batch)
        (l_cell, l_begin), (r_cell, r_begin) = self._with_states(begin_state)
        turned = backwards(inputs, valid_length)
        ahead, l_states = l_cell.unroll(length, inputs, l_begin, layout, merge_outputs, valid_length)
        back, r_states = r_cell.unroll(length, turned, r_begin, layout, False, valid_length)
        back = backwards(back, valid_length)
        merge = is_array(ahead) if merge_outputs is None else merge_outputs
        ahead, back = (sequence(None if is_array(each) else length, each, layout, merge)[0] for each in (ahead, back))
        if merge:
            outputs = F.concat(ahead, back, dim=2, name=f"{self._output_prefix}out")
        else:
            outputs = [
                F.concat(one, other, dim=1, name=f"{self._output_prefix}t{i}")
                for i, (one, other) in enumerate(zip(as_list(ahead), as_list(back), strict=True))
            ]
        if valid_length is not None:
            outputs = masked(F, outputs, length, valid_length, axis, merge)
        return outputs, [*l_states, *r_states]
