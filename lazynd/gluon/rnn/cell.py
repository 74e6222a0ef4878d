"""The base of recurrent cells: one step of a recurrent net, with states."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ... import nd
from ..block import Block, HybridBlock
from ..block.places import scoped
from ..nn import LeakyReLU
from .sequences import is_array, masked, sequence

Info = list[dict[str, Any]]
_MODIFIED = (
    "After applying modifier cells (e.g. ZoneoutCell) the base cell cannot be called directly. Call the modifier cell "
    "instead."
)


def made_states(infos: Info, func: Callable[..., Any], names: Iterable[str], given: dict[str, Any]) -> list[Any]:
    """States as ``func`` makes them: by ``shape`` and ``dtype``, with the keywords that are ``given``."""
    states = []
    for name, info in zip(names, infos, strict=True):
        wanted = {**info, **given}
        if not getattr(func, "__module__", "").startswith("lazynd.sym"):  # layouts are attributes of symbols
            wanted = {key: value for key, value in wanted.items() if not key.startswith("__")}
        states.append(func(name=name, **wanted))
    return states


class RecurrentCell(Block):
    """The base of cells. A call ``cell(inputs, states)`` is one step, and gives the output and the next states.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> cell = rnn.LSTMCell(4)
    >>> cell.initialize()
    >>> output, states = cell(nd.ones((2, 3)), cell.begin_state(batch_size=2))
    >>> output.shape, [each.shape for each in states]
    ((2, 4), [(2, 4), (2, 4)])
    """

    #: They only number names: another count is no reason to compile calls again.
    __unwatched__ = frozenset(("_counter", "_init_counter"))

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self._modified = False
        self.reset()

    def reset(self) -> None:
        """Begin another sequence.

        >>> from lazynd.gluon import rnn
        >>> rnn.RNNCell(3).reset()
        """
        self._init_counter = -1
        self._counter = -1
        for cell in self._children.values():
            if isinstance(cell, RecurrentCell):
                cell.reset()

    def state_info(self, batch_size: int = 0) -> Info:
        """Shapes and layouts of the states.

        >>> from lazynd.gluon import rnn
        >>> rnn.RNNCell(3).state_info(2)
        [{'shape': (2, 3), '__layout__': 'NC'}]
        """
        raise NotImplementedError(f"{type(self).__name__} has no state_info")

    def begin_state(self, batch_size: int = 0, func: Callable[..., Any] = nd.zeros, **kwargs: Any) -> list[Any]:
        """States to begin with: zeros, or what ``func`` makes of ``shape`` and the other keywords.

        >>> from lazynd.gluon import rnn
        >>> [each.shape for each in rnn.LSTMCell(3).begin_state(batch_size=2)]
        [(2, 3), (2, 3)]
        """
        if self._modified:
            raise AssertionError(_MODIFIED)
        infos = self.state_info(batch_size)
        first = self._init_counter + 1
        self._init_counter += len(infos)
        names = [f"{self._prefix}begin_state_{first + i}" for i in range(len(infos))]
        return made_states(infos, func, names, kwargs)

    def _begin(self, F: Any, begin_state: Any, inputs: Any, batch: int) -> list[Any]:
        """``begin_state``, or zeros where the inputs are."""
        if begin_state is not None:
            return list(begin_state)
        if F is not nd:
            return self.begin_state(func=F.zeros, batch_size=batch)
        first = inputs if is_array(inputs) else inputs[0]
        return self.begin_state(func=F.zeros, batch_size=batch, ctx=first.context)

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
        """All steps of a sequence: the outputs and the last states.

        ``inputs``: an array of ``layout``, or a list with one for each step. ``merge_outputs``: outputs as one array,
        as a list if False, in the way that is at hand if None. ``valid_length``: of each example; outputs after it are
        zeros, and states those of its last step.

        >>> from lazynd import nd
        >>> from lazynd.gluon import rnn
        >>> cell = rnn.GRUCell(4)
        >>> cell.initialize()
        >>> outputs, states = cell.unroll(5, nd.ones((2, 5, 3)), merge_outputs=True)
        >>> outputs.shape, states[0].shape
        ((2, 5, 4), (2, 4))
        """
        self.reset()
        inputs, axis, F, batch = sequence(length, inputs, layout, False)
        states = self._begin(F, begin_state, inputs, batch)
        outputs: Any = []
        history = []
        for step in inputs:
            output, states = self(step, states)
            outputs.append(output)
            history.append(states)
        if valid_length is not None:
            states = [
                F.SequenceLast(F.stack(*each, axis=0), sequence_length=valid_length, use_sequence_length=True, axis=0)
                for each in zip(*history, strict=True)
            ]
            outputs = masked(F, outputs, length, valid_length, axis, True)
        return sequence(length, outputs, layout, merge_outputs)[0], states

    def forward(self, inputs: Any, states: Any) -> Any:
        """One step.

        >>> from lazynd import nd
        >>> from lazynd.gluon import rnn
        >>> cell = rnn.RNNCell(3)
        >>> cell.initialize()
        >>> cell.forward(nd.ones((1, 2)), cell.begin_state(1))[0].shape
        (1, 3)
        """
        self._counter += 1
        return super().forward(inputs, states)


class HybridRecurrentCell(RecurrentCell, HybridBlock):
    """The base of cells that compute in ``hybrid_forward(F, inputs, states, ...)``.

    >>> from lazynd import nd
    >>> from lazynd.gluon import rnn
    >>> class Sum(rnn.HybridRecurrentCell):
    ...     def state_info(self, batch_size=0):
    ...         return [{"shape": (batch_size, 2)}]
    ...     def hybrid_forward(self, F, inputs, states):
    ...         total = inputs + states[0]
    ...         return total, [total]
    >>> Sum().unroll(3, nd.ones((1, 3, 2)))[0][-1].asnumpy()
    array([[3., 3.]], dtype=float32)
    """

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """One step: to be written in a subclass.

        >>> from lazynd import nd
        >>> from lazynd.gluon import rnn
        >>> rnn.RNNCell(3).hybrid_forward is not rnn.HybridRecurrentCell.hybrid_forward
        True
        """
        raise NotImplementedError(f"{type(self).__name__} has no hybrid_forward: write one in the subclass")


#: Activations that have an operator of their own.
_FUNCTIONS = ("tanh", "relu", "sigmoid", "softsign")


def activated(F: Any, inputs: Any, activation: Any, name: str | None = None) -> Any:
    """``inputs`` after an activation: its name, a block or a function. ``name``: of the result, in symbols."""
    if isinstance(activation, str):
        if activation in _FUNCTIONS:
            return getattr(F, activation)(inputs, name=name)
        return F.Activation(inputs, act_type=activation, name=name)
    if isinstance(activation, LeakyReLU):
        return F.LeakyReLU(inputs, act_type="leaky", slope=activation._alpha, name=name)
    return activation(inputs)
