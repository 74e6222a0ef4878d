"""What every optimizer is: how often it has updated what, at which rate, and what it is made from by name.

Numbers that change from step to step are asked for in one place, ``Optimizer._step``. They travel with the updates, so
that no step compiles anything anew, and a compiled step asks for them at each call.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, ClassVar
from warnings import warn

import numpy as np

from .. import nd
from ..nd import NDArray
from ..stages import each_call, kept

#: One index, or those that are updated together.
Index = Any
#: What one update takes from the host, in the order in which an optimizer's ``_rates`` gives them.
Rates = tuple[Any, ...]

_IN_HALF = (
    "Accumulating with float16 in optimizer can lead to poor accuracy or slow convergence. Consider using "
    "multi_precision=True option of the {}optimizer"
)


class Optimizer:
    """Base of optimizers: subclass it and write ``create_state`` and ``update``.

    ``rescale_grad`` multiplies each gradient, which is then clipped to ``[-clip_gradient, clip_gradient]`` if that is
    given; ``wd`` is the weight decay. ``learning_rate`` is 0.01 unless given; with an ``lr_scheduler`` it becomes the
    scheduler's ``base_lr``. ``begin_num_update``: the number of updates before the first. ``multi_precision``: float16
    weights are updated in float32 copies.

    Rate and decay of one weight are multiplied by ``lr_mult`` and ``wd_mult`` of its parameter in ``param_dict``, else
    by what ``set_lr_mult`` and ``set_wd_mult`` say for its index, or for its name in ``param_idx2name``; ``sym`` may
    bring multipliers by name too.

    >>> from lazynd import nd, optimizer
    >>> @optimizer.register
    ... class Plain(optimizer.Optimizer):
    ...     def update(self, index, weight, grad, state):
    ...         self._update_count(index)
    ...         weight -= self._get_lr(index) * self.rescale_grad * grad
    >>> w = nd.ones((2,))
    >>> update = optimizer.get_updater(optimizer.create("plain", learning_rate=0.5))
    >>> update(0, nd.ones((2,)), w)
    >>> w.asnumpy()
    array([0.5, 0.5], dtype=float32)
    """

    #: Classes by name in lower case.
    opt_registry: ClassVar[dict[str, type[Optimizer]]] = {}
    #: Loaded states of other versions may lack these.
    _device_id = 0
    #: Whether ``update`` takes lists of indices, weights, gradients and states too. For lazynd's own: one that a
    #: subclass writes anew takes them one by one, unless ``aggregate_num`` says otherwise.
    _takes_lists: ClassVar[bool] = False

    def __init__(
        self,
        rescale_grad: float = 1.0,
        param_idx2name: dict[Any, str] | None = None,
        wd: float = 0.0,
        clip_gradient: float | None = None,
        learning_rate: float | None = None,
        lr_scheduler: Any = None,
        sym: Any = None,
        begin_num_update: int = 0,
        multi_precision: bool = False,
        param_dict: dict[Any, Any] | None = None,
    ) -> None:
        self.rescale_grad = rescale_grad
        self.lr_scheduler = lr_scheduler
        if lr_scheduler is None and learning_rate is None:
            learning_rate = 0.01
        self.lr = learning_rate
        if lr_scheduler is not None and learning_rate is not None and lr_scheduler.base_lr != learning_rate:
            text = "learning rate from ``lr_scheduler`` has been overwritten by ``learning_rate`` in optimizer."
            print(UserWarning(text))  # as MXNet does
            lr_scheduler.base_lr = learning_rate
        self.wd = wd
        self.lr_mult: dict[Any, float] = {}
        self.wd_mult: dict[Any, float] = {}
        self.begin_num_update = begin_num_update
        self.num_update = begin_num_update
        #: How often each index was updated, for each device.
        self._all_index_update_counts: dict[int, dict[Any, int]] = {0: {}}
        self._index_update_count = self._all_index_update_counts[0]
        self.clip_gradient = clip_gradient
        self.multi_precision = multi_precision
        self.aggregate_num = 0
        if param_idx2name is not None and not isinstance(param_idx2name, dict):
            raise AssertionError("param_idx2name should be a dict of param indexes to names.")
        self.idx2name = dict(param_idx2name or {})
        self.sym_info: tuple[Any, ...] = () if sym is None else (sym.attr_dict(), sym.list_arguments())
        self.param_dict = param_dict or {}
        self.allow_np_array = False
        self.set_lr_mult({})
        self.set_wd_mult({})

    # ------------------------------------------------------------------------------------ by name

    @staticmethod
    def register(klass: Any) -> Any:
        """Make a class known by its name in lower case; as a decorator. One of that name is replaced, and warned of.

        >>> from lazynd import optimizer
        >>> optimizer.Optimizer.opt_registry["sgd"].__name__
        'SGD'
        """
        if not isinstance(klass, type):
            raise AssertionError(f"only classes are registered, {klass!r} is none")
        name = klass.__name__.lower()
        before = Optimizer.opt_registry.get(name)
        if before is not None:
            text = f"WARNING: New optimizer {klass.__module__}.{klass.__name__} is overriding existing optimizer "
            warn(f"{text}{before.__module__}.{before.__name__}", stacklevel=2)
        Optimizer.opt_registry[name] = klass
        return klass

    @staticmethod
    def create_optimizer(name: str, **kwargs: Any) -> Optimizer:
        """An optimizer by the name of its class, in any case, with its arguments. ``ValueError`` for another name.

        >>> from lazynd import optimizer
        >>> optimizer.create("adam", learning_rate=0.1).beta1
        0.9
        """
        found = Optimizer.opt_registry.get(name.lower())
        if found is None:
            known = sorted(each for each in Optimizer.opt_registry if each != "test" and not each.startswith("_"))
            raise ValueError(f"Cannot find optimizer {name}; there are {', '.join(known)}")
        return found(**kwargs)

    # ------------------------------------------------------------------------------------ what subclasses write

    def create_state(self, index: Index, weight: NDArray) -> Any:
        """The state of a weight: None, an array, or a tuple of what may be a state."""

    def update(self, index: Index, weight: Any, grad: Any, state: Any) -> None:
        """Update ``weight`` and ``state`` in place."""
        raise NotImplementedError

    def create_state_multi_precision(self, index: Index, weight: NDArray) -> Any:
        """The state of a weight, with a float32 copy of it in front if it is float16 and ``multi_precision`` is on.

        >>> from lazynd import nd, optimizer
        >>> adam = optimizer.Adam(multi_precision=True)
        >>> copy, state = adam.create_state_multi_precision(0, nd.ones((2,), dtype="float16"))
        >>> copy.dtype, state[0].dtype
        (<class 'numpy.float32'>, <class 'numpy.float32'>)
        """
        if self._in_copies(weight):
            copy = weight.astype("float32")
            return copy, self.create_state(index, copy)
        self._warn_of_half(weight)
        return self.create_state(index, weight)

    def update_multi_precision(self, index: Index, weight: Any, grad: Any, state: Any) -> None:
        """Update ``weight``, or its float32 copy in ``state`` and then ``weight`` from that.

        >>> from lazynd import nd, optimizer
        >>> adam = optimizer.Adam(multi_precision=True, learning_rate=0.5)
        >>> w = nd.ones((2,), dtype="float16")
        >>> state = adam.create_state_multi_precision(0, w)
        >>> adam.update_multi_precision(0, w, nd.ones((2,), dtype="float16"), state)
        >>> w.asnumpy()
        array([0.5, 0.5], dtype=float16)
        """
        if not self._in_copies(weight):
            self.update(index, weight, grad, state)
        elif isinstance(weight, list | tuple):
            copies, rest = zip(*state, strict=True)
            self.update(index, copies, [each.astype("float32") for each in grad], rest)
            for each, copy in zip(weight, copies, strict=True):
                each[:] = copy.astype(each.dtype)
        else:
            copy, rest = state
            self.update(index, copy, grad.astype("float32"), rest)
            weight[:] = copy.astype(weight.dtype)

    def _in_copies(self, weight: Any) -> bool:
        """Whether a weight, or the first of several, is updated in a float32 copy."""
        first = weight[0] if isinstance(weight, list | tuple) else weight
        return bool(self.multi_precision and first.dtype == np.float16)

    def _warn_of_half(self, weight: NDArray, whose: str = "") -> None:
        if weight.dtype == np.float16:
            warn(_IN_HALF.format(whose), stacklevel=4)

    # ------------------------------------------------------------------------------------ numbers of a step

    def _step(self, indices: Sequence[Any]) -> tuple[list[Any], Any]:
        """Count an update of each index; their rates, a sequence for each number of ``_rates``; the gradients' scale.

        The numbers are for operators as they are: computing with them belongs into ``_rates``.
        """
        device_id = self._device_id
        *numbers, rescale = each_call(lambda: self._counted(device_id, indices), lambda: kept(*self._counters()))
        width = len(numbers) // len(indices)
        return [numbers[i::width] for i in range(width)], rescale

    def _counted(self, device_id: int, indices: Sequence[Any]) -> list[Any]:
        """Count an update of each index on a device; all their rates, one after the other, and the gradients' scale."""
        self._set_current_context(device_id)
        self._update_count(indices)
        return self._numbers(indices)

    def _counters(self) -> list[dict[Any, Any]]:
        """What counting an update changes, here and in the scheduler."""
        counts = self._all_index_update_counts
        found: list[dict[Any, Any]] = [vars(self), counts, *counts.values()]
        return found if self.lr_scheduler is None else [*found, getattr(self.lr_scheduler, "__dict__", {})]

    def _numbers(self, indices: Sequence[Any]) -> list[Any]:
        lrs, wds = self._get_lrs(indices), self._get_wds(indices)
        usual = type(self)._rates is Optimizer._rates  # what most optimizers take is not asked for one by one
        rates = zip(lrs, wds, strict=True) if usual else map(self._rates, indices, lrs, wds)
        return [*chain.from_iterable(rates), self.rescale_grad]

    def _rates(self, index: Any, lr: float, wd: float) -> Rates:
        """What the update of an index takes from the host, the same number of numbers at each step."""
        return lr, wd

    def _clip(self, grad: NDArray) -> NDArray:
        """``grad`` between the limits, if there are any."""
        limit = self.clip_gradient
        return grad if limit is None else nd.clip(grad, -limit, limit)

    def _clipping(self) -> dict[str, float]:
        """The limit for operators that clip themselves; 0 is none."""
        return {"clip_gradient": self.clip_gradient} if self.clip_gradient else {}

    def _set_current_context(self, device_id: int) -> None:
        """From now on updates are counted for this device."""
        self._device_id = device_id
        self._index_update_count = self._all_index_update_counts.setdefault(device_id, {})

    def _update_count(self, index: Index) -> None:
        """Count an update of ``index``, one or several."""
        counts, first, most = self._index_update_count, self.begin_num_update, self.num_update
        for each in index if isinstance(index, list | tuple) else [index]:
            count = counts[each] = counts.get(each, first) + 1
            if count > most:
                most = count
        self.num_update = most

    def _multiplier(self, index: Any, kind: str) -> float:
        """``lr_mult`` or ``wd_mult`` of an index."""
        if index in self.param_dict:
            found: float = getattr(self.param_dict[index], kind)
            return found
        by_name: dict[Any, float] = getattr(self, kind)
        return by_name[index] if index in by_name else by_name.get(self.idx2name.get(index), 1.0)

    def _multipliers(self, indices: Sequence[Any], kind: str) -> list[float]:
        """``_multiplier`` of each index."""
        try:
            return list(map(attrgetter(kind), map(self.param_dict.__getitem__, indices)))
        except KeyError:  # not all have a parameter
            return [self._multiplier(each, kind) for each in indices]

    def _get_lrs(self, indices: Sequence[Any]) -> list[float]:
        """The learning rates of indices at this step."""
        rate = self.learning_rate
        return [rate * each for each in self._multipliers(indices, "lr_mult")]

    def _get_lr(self, index: Any) -> float:
        return self._get_lrs([index])[0]

    def _get_wds(self, indices: Sequence[Any]) -> list[float]:
        """The weight decays of indices."""
        wd = self.wd
        return [wd * each for each in self._multipliers(indices, "wd_mult")]

    def _get_wd(self, index: Any) -> float:
        return self._get_wds([index])[0]

    # ------------------------------------------------------------------------------------ rates

    @property
    def learning_rate(self) -> float:
        """The rate now, before multipliers: the scheduler's at the present number of updates, if there is one.

        >>> from lazynd import optimizer
        >>> optimizer.SGD(learning_rate=0.1).learning_rate
        0.1
        """
        return self.lr_scheduler(self.num_update) if self.lr_scheduler is not None else self.lr  # type: ignore[return-value]

    def set_learning_rate(self, lr: float) -> None:
        """Set the rate. ``UserWarning`` is raised where a scheduler says what it is.

        >>> from lazynd import optimizer
        >>> sgd = optimizer.SGD()
        >>> sgd.set_learning_rate(0.2)
        >>> sgd.learning_rate
        0.2
        """
        if self.lr_scheduler is not None:
            raise UserWarning(
                "LRScheduler of the optimizer has already been defined. Note that set_learning_rate can mutate the "
                "value of the learning rate of the optimizer only when the LRScheduler of the optimizer is undefined."
            )
        self.lr = lr

    def set_lr_scale(self, args_lrscale: Any) -> None:
        """Deprecated, which is raised: use ``set_lr_mult``."""
        raise DeprecationWarning("use set_lr_mult")

    def _from_symbol(self, kind: str) -> dict[Any, float]:
        """Multipliers that variables of a symbol have as attributes."""
        if not self.sym_info:
            return {}
        attributes, names = self.sym_info
        key = f"__{kind}__"
        return {name: float(attributes[name][key]) for name in names if key in attributes.get(name, {})}

    def set_lr_mult(self, args_lr_mult: dict[Any, float]) -> None:
        """Multipliers of the learning rate by name or index, in the place of those before.

        >>> from lazynd import optimizer
        >>> sgd = optimizer.SGD(learning_rate=0.1, param_idx2name={0: "fc_weight"})
        >>> sgd.set_lr_mult({"fc_weight": 0.5})
        >>> sgd._get_lr(0)
        0.05
        """
        self.lr_mult = {**self._from_symbol("lr_mult"), **args_lr_mult}

    #: Ends of the names of what is decayed unless said otherwise.
    _decayed: ClassVar[tuple[str, ...]] = ("_weight", "_gamma")

    def set_wd_mult(self, args_wd_mult: dict[Any, float]) -> None:
        """Multipliers of the weight decay by name or index, in the place of those before.

        In ``param_idx2name``, names that end in neither ``_weight`` nor ``_gamma`` have 0 unless said otherwise.

        >>> from lazynd import optimizer
        >>> sgd = optimizer.SGD(wd=0.1, param_idx2name={0: "fc_weight", 1: "fc_bias"})
        >>> sgd._get_wds([0, 1])
        [0.1, 0.0]
        """
        plain = {name: 0.0 for name in self.idx2name.values() if not name.endswith(self._decayed)}
        self.wd_mult = {**plain, **self._from_symbol("wd_mult"), **args_wd_mult}

    # ------------------------------------------------------------------------------------ pickles

    def __getstate__(self) -> dict[str, Any]:
        """All but ``param_dict``, which belongs to the program."""
        return {name: value for name, value in self.__dict__.items() if name != "param_dict"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = {**state, "param_dict": {}}


register = Optimizer.register
create = Optimizer.create_optimizer


def zeros_like(weight: NDArray, dtype: Any = None) -> NDArray:
    """Zeros of the shape and on the device of a weight, and of its dtype unless given."""
    made: NDArray = nd.zeros(weight.shape, weight.context, dtype=weight.dtype if dtype is None else dtype)
    return made


def listed(index: Index, *others: Any) -> tuple[list[Any], ...]:
    """Lists of an index, a weight, a gradient and a state, if they are not lists already."""
    if isinstance(index, list | tuple):
        return list(index), *map(list, others)
    return [index], *([each] for each in others)


def interleaved(*groups: Any) -> list[Any]:
    """The first of each group, then the second of each, and so on."""
    return list(chain.from_iterable(zip(*groups, strict=True)))


def update_all(name: str, weights: list[NDArray], *groups: Any, **options: Any) -> None:
    """Apply the operator ``name`` to all weights at once; ``groups`` are its further inputs, each for all weights."""
    update = getattr(nd if name.startswith("multi_") else nd._internal, name)
    update(*interleaved(weights, *groups), out=weights, num_weights=len(weights), **options)
