"""Updaters: an optimizer with the states of what it has updated, and these as bytes."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..nd import NDArray
from ..stages import apart, common_scope, in_scope, undivided, untraceable
from .base import Optimizer
from .states import read_states

#: Where lazynd's own optimizers are.
_OWN: Final = frozenset(
    f"{__package__}.{name}" for name in ("adam", "adaptive", "base", "contrib", "large_batch", "sgd")
)


class Updater:
    """Updates weights with an optimizer, and keeps the state of each by its index; a state is made when first needed.

    ``updater(index, grad, weight)`` takes one of each or lists. Nothing is computed when it is called, and a signal
    interrupts it before or after all its updates.

    >>> from lazynd import nd, optimizer
    >>> updater = optimizer.Updater(optimizer.SGD(learning_rate=0.5, momentum=0.5))
    >>> w = nd.ones((2,))
    >>> updater("w", nd.ones((2,)), w)
    >>> w.asnumpy(), updater.states["w"].asnumpy()
    (array([0.5, 0.5], dtype=float32), array([-0.5, -0.5], dtype=float32))
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.states: dict[Any, Any] = {}
        #: Whether a state is on the device of its weight: one that was read from bytes need not be.
        self.states_synced: dict[Any, bool] = {}

    @property
    def aggregate_updates(self) -> bool:
        """Whether the optimizer is one that takes several weights at once in MXNet.

        >>> from lazynd import optimizer
        >>> optimizer.Updater(optimizer.SGD()).aggregate_updates
        True
        """
        return self.optimizer.aggregate_num > 0

    def __call__(self, index: Any, grad: Any, weight: Any) -> None:
        """Update ``weight`` by ``grad``."""
        several = isinstance(index, list | tuple)
        indices = [each.decode() if isinstance(each, bytes) else each for each in (index if several else [index])]
        grads, weights = (list(grad), list(weight)) if several else ([grad], [weight])
        if not indices:
            return
        with undivided():
            self.optimizer._set_current_context(weights[0].context.device_id)
            self._make_states(indices, weights)
            self._update_all(indices, weights, grads)

    def _in_scope(self, indices: Sequence[Any]) -> in_scope:
        """What is recorded inside belongs to the block of the parameters, or to the innermost that holds them all."""
        known = self.optimizer.param_dict
        return in_scope(common_scope([getattr(known.get(each), "_scope", "") for each in indices]))

    def _make_states(self, indices: Sequence[Any], weights: Sequence[NDArray]) -> None:
        synced = self.states_synced
        if all(map(synced.get, indices)) and self.states.keys() >= set(indices):
            return  # as ever but at the first step, and after states were set
        missing = [i for i, each in enumerate(indices) if each not in self.states]
        if missing:
            with apart():
                made = {
                    indices[i]: self.optimizer.create_state_multi_precision(indices[i], weights[i]) for i in missing
                }
            self.states.update(made)
            synced.update(dict.fromkeys(made, True))
        for each, weight in zip(indices, weights, strict=True):
            if not synced.get(each, False):
                self.states[each] = self.sync_state_context(self.states[each], weight.context)
                synced[each] = True

    @property
    def _is_own(self) -> bool:
        """Whether updates are written by lazynd."""
        kind = type(self.optimizer)
        return {kind.update.__module__, kind.update_multi_precision.__module__} <= _OWN

    def _in_lists(self) -> bool:
        """Whether the optimizer takes several weights at once: MXNet's protocol, or an update that is lazynd's own."""
        return self.aggregate_updates or (self.optimizer._takes_lists and self._is_own)

    def _update_all(self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray]) -> None:
        update: Callable[..., None] = self.optimizer.update_multi_precision
        states = [self.states[each] for each in indices]
        if not self._is_own:  # it counts and computes its rates in Python
            untraceable(f"{type(self.optimizer).__name__}, an optimizer of your own, counts and finds its rates anew")
        if not self._in_lists():
            for each in zip(indices, weights, grads, states, strict=True):
                with self._in_scope(each[:1]):
                    update(*each)
            return
        if len({each.dtype for each in weights}) == 1:
            with self._in_scope(indices):
                update(indices, weights, grads, states)
            return
        found: dict[Any, list[tuple[Any, ...]]] = {}  # by dtype
        for each in zip(indices, weights, grads, states, strict=True):
            found.setdefault(each[1].dtype, []).append(each)
        for chosen in found.values():
            with self._in_scope([each[0] for each in chosen]):
                update(*map(list, zip(*chosen, strict=True)))

    def sync_state_context(self, state: Any, context: Any) -> Any:
        """``state`` with its arrays on ``context``.

        >>> import lazynd
        >>> from lazynd import nd, optimizer
        >>> updater = optimizer.Updater(optimizer.SGD())
        >>> updater.sync_state_context((nd.ones(1), None), lazynd.cpu(1))[0].context
        cpu(1)
        """
        if isinstance(state, NDArray):
            return state.as_in_context(context)
        if isinstance(state, list | tuple):
            return type(state)(self.sync_state_context(each, context) for each in state)
        return state

    def set_states(self, states: bytes) -> None:
        """Take over what ``get_states`` gave, here or in MXNet: the states, and the optimizer if it is among them.

        Bytes that would make anything but states and optimizers raise ``pickle.UnpicklingError``, and nothing of what
        they name is called.

        >>> from lazynd import nd, optimizer
        >>> updater = optimizer.Updater(optimizer.SGD(momentum=0.5))
        >>> updater(0, nd.ones((2,)), nd.ones((2,)))
        >>> other = optimizer.Updater(optimizer.SGD(momentum=0.5))
        >>> other.set_states(updater.get_states())
        >>> other.states[0].asnumpy()
        array([-0.01, -0.01], dtype=float32)
        """
        found, optimizer = read_states(states)
        self.states = found
        if optimizer is not None:
            self.optimizer = optimizer
        self.states_synced = dict.fromkeys(found, False)

    def get_states(self, dump_optimizer: bool = False) -> bytes:
        """The states as bytes, with the optimizer itself if ``dump_optimizer``. Reads the values.

        >>> from lazynd import optimizer
        >>> optimizer.Updater(optimizer.SGD()).get_states()[:1]
        b'\\x80'
        """
        return pickle.dumps((self.states, self.optimizer) if dump_optimizer else self.states)


def get_updater(optimizer: Optimizer) -> Updater:
    """A function ``updater(index, grad, weight)`` that updates weights with ``optimizer``: see ``Updater``.

    >>> from lazynd import nd, optimizer
    >>> update = optimizer.get_updater(optimizer.SGD(learning_rate=1))
    >>> w = nd.ones((1,))
    >>> update(0, nd.ones((1,)), w)
    >>> w.asscalar()
    np.float32(0.0)
    """
    return Updater(optimizer)
