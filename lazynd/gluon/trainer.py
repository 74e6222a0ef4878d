"""``Trainer``: the updates of all parameters of a net, one step after the other."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Any, Final

from .. import nd
from .. import optimizer as opt
from ..base import MXNetError
from ..nd import NDArray
from ..optimizer.states import read_states
from ..stages import each_call, end_step, fresh_gradients, undivided, use_gradients

__all__ = ["Trainer"]

#: Names of the stores that sum up gradients of one process.
_LOCAL: Final = frozenset({"local", "local_update_cpu", "local_allreduce_cpu", "local_allreduce_device", "device"})
#: With "local", weights above so many elements are updated where they are, not in the store.
_BIG: Final = 1024 * 1024 * 16
#: Numbers of an optimizer that change from step to step, or that compiled steps ask for at each call.
_ASKED_ANEW: Final = frozenset(
    {"begin_num_update", "cur_lr", "last_lr", "lr", "m_schedule", "num_update", "rescale_grad", "wd"}
)
_STALE: Final = (
    "Gradient of Parameter `{}` on context {} has not been updated by backward since last `step`. This could mean a "
    "bug in your model that made it only use a subset of the Parameters (Blocks) for this iteration. If you are "
    "intentionally only using a subset, call step with ignore_stale_grad=True to suppress this warning and skip "
    "updating of Parameters with stale gradient"
)


def _listed(params: Any) -> list[Any]:
    """The parameters, those of a dict in the order of their names."""
    if hasattr(params, "keys"):
        params = [params[name] for name in sorted(params.keys())]
    if not isinstance(params, list | tuple):
        raise ValueError(f"First argument must be a list or dict of Parameters, got {type(params)}.")
    for each in params:
        if not hasattr(each, "list_grad"):
            raise ValueError(f"First argument must be a list or dict of Parameters, got list of {type(each)}.")
    return list(params)


def _check_store(kvstore: Any) -> None:
    """Refuse stores that there are not."""
    if kvstore is None:
        return
    if not isinstance(kvstore, str):
        raise TypeError(f"kvstore must be KVStore, str or None; stores as objects are not built yet, got {kvstore!r}")
    if "dist" in kvstore or kvstore in ("horovod", "byteps"):
        raise NotImplementedError(
            f"kvstore {kvstore!r} trains with several processes, which is not built yet: 'device' and 'local' sum up "
            "the gradients of one process"
        )


class Trainer:
    """Updates parameters with an optimizer, from the gradients that ``backward`` has written.

    ``params``: parameters in a list, or in a dict by name, as ``net.collect_params()`` gives. ``optimizer``: its name,
    with ``optimizer_params`` as its arguments, or an ``Optimizer``.

    Parameters on several contexts have gradients on each. With ``kvstore`` "device" or "local" these are summed up,
    with None each context goes its own way. ``update_on_kvstore`` (the default): the first context's weights are
    updated and copied to the others, with one state. False: each context updates its own, with its own state, and
    ``allreduce_grads`` and ``update`` may be called apart. On one context all of this is the same.
    ``compression_params`` is for gradients that travel, and does nothing on one context.

    Nothing is computed by a step; it ends a program, however many parameters there are. A signal interrupts a program
    before a step or after it.

    >>> from lazynd import autograd, gluon, nd
    >>> w = gluon.Parameter("weight", shape=(2,))
    >>> w.initialize("ones")
    >>> trainer = gluon.Trainer([w], "sgd", {"learning_rate": 0.5})
    >>> with autograd.record():
    ...     loss = (w.data() * w.data()).sum()
    >>> loss.backward()
    >>> trainer.step(batch_size=2)
    >>> w.data().asnumpy()
    array([0.5, 0.5], dtype=float32)
    """

    def __init__(
        self,
        params: Any,
        optimizer: str | opt.Optimizer,
        optimizer_params: dict[str, Any] | None = None,
        kvstore: str | None = "device",
        compression_params: dict[str, Any] | None = None,
        update_on_kvstore: bool | None = None,
    ) -> None:
        self._params = _listed(params)
        _check_store(kvstore)
        self._param2idx = {each.name: i for i, each in enumerate(self._params)}
        for each in self._params:
            each._set_trainer(self)
        self._compression_params = compression_params
        self._contexts = self._check_contexts()
        self._init_optimizer(optimizer, optimizer_params or {})
        #: Gradients are multiplied by this, divided by the batch size.
        self._scale = self._optimizer.rescale_grad
        self._kvstore_params = {"kvstore": kvstore, "update_on_kvstore": update_on_kvstore}
        self._reset_kvstore()

    def _check_contexts(self) -> list[Any]:
        contexts: list[Any] = []
        for i, each in enumerate(self._params):
            found = each.list_ctx()
            if i and found != contexts:
                raise AssertionError(
                    "All Parameters must be initialized on the same set of contexts, but Parameter "
                    f"{each.name} is initialized on {found} while previous Parameters are initialized on {contexts}."
                )
            contexts = found
        return contexts

    def _init_optimizer(self, optimizer: str | opt.Optimizer, options: dict[str, Any]) -> None:
        parameters = dict(enumerate(self._params))
        if isinstance(optimizer, opt.Optimizer):
            if options:
                raise AssertionError(
                    "optimizer_params must be None if optimizer is an instance of Optimizer instead of str"
                )
            self._optimizer = optimizer
            self._optimizer.param_dict = parameters
        else:
            self._optimizer = opt.create(optimizer, param_dict=parameters, **options)
        self._updaters = [opt.get_updater(self._optimizer) for _ in self._contexts]

    # ------------------------------------------------------------------------------------ several contexts

    def _reset_kvstore(self) -> None:
        """From the next step on, gradients are gathered as at the first one."""
        self._kv_initialized = False
        #: What sums up gradients: the name of a store, None where there is nothing to sum up.
        self._kvstore: str | None = None
        self._update_on_kvstore: bool | None = None
        self._distributed: bool | None = None
        self._params_to_init = list(self._params)

    def _init_kvstore(self) -> None:
        name, wanted = self._kvstore_params["kvstore"], self._kvstore_params["update_on_kvstore"]
        sizes = [math.prod(each.data(self._contexts[0]).shape) for each in self._params]
        if name is not None and len(self._contexts) > 1:
            if name == "nccl":
                raise MXNetError(
                    "kvstore 'nccl' is not built: 'device' sums up gradients on the devices where they are"
                )
            if name not in _LOCAL:
                raise MXNetError(f'Unknown KVStore type "{name}"; there are {", ".join(sorted(_LOCAL))}')
            if self._compression_params:
                raise NotImplementedError(
                    "gradients are not compressed: they do not leave the process. Leave compression_params out"
                )
            usual = os.environ.get("MXNET_UPDATE_ON_KVSTORE", "1") != "0"
            if name == "local" and max(sizes, default=0) > _BIG:
                usual = False
            self._kvstore = name
            self._update_on_kvstore = usual if wanted is None else bool(wanted)
        self._distributed = False
        self._kv_initialized = True

    def _prepare(self) -> None:
        if not self._kv_initialized:
            self._init_kvstore()
        self._params_to_init = [each for each in self._params_to_init if each._deferred_init]

    def _refuse_on_store(self, what: str) -> None:
        if self._kvstore and self._update_on_kvstore:
            raise AssertionError(
                f"{what}() when parameters are updated on kvstore is not supported. Try setting "
                "`update_on_kvstore` to False when creating trainer."
            )

    # ------------------------------------------------------------------------------------ rates

    @property
    def learning_rate(self) -> float:
        """The optimizer's rate now.

        >>> from lazynd import gluon
        >>> gluon.Trainer([], "sgd", {"learning_rate": 0.5}).learning_rate
        0.5
        """
        return self._optimizer.learning_rate

    @property
    def optimizer(self) -> opt.Optimizer:
        """The optimizer.

        >>> from lazynd import gluon
        >>> gluon.Trainer([], "adam").optimizer.beta1
        0.9
        """
        return self._optimizer

    def set_learning_rate(self, lr: float) -> None:
        """Set the optimizer's rate. ``UserWarning`` is raised where a scheduler says what it is.

        >>> from lazynd import gluon
        >>> trainer = gluon.Trainer([], "sgd")
        >>> trainer.set_learning_rate(0.1)
        >>> trainer.learning_rate
        0.1
        """
        self._optimizer.set_learning_rate(lr)

    # ------------------------------------------------------------------------------------ steps

    def _rescale(self, batch_size: float) -> tuple[()]:
        self._optimizer.rescale_grad = self._scale / batch_size
        return ()

    def _keep_scale(self) -> Callable[[], None]:
        optimizer, scale = self._optimizer, self._optimizer.rescale_grad
        return lambda: setattr(optimizer, "rescale_grad", scale)

    def step(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """Update all parameters; gradients are divided by ``batch_size``.

        ``UserWarning`` is raised where a gradient is not new since the last step; with ``ignore_stale_grad`` such
        parameters stay as they are. Nothing has changed then.

        >>> from lazynd import autograd, gluon
        >>> w = gluon.Parameter("weight", shape=(1,))
        >>> w.initialize("ones")
        >>> trainer = gluon.Trainer([w], "sgd", {"learning_rate": 1})
        >>> with autograd.record():
        ...     loss = w.data() * 8
        >>> loss.backward()
        >>> trainer.step(16)
        >>> w.data().asscalar()
        np.float32(0.5)
        """
        size = float(batch_size)
        self._prepare()
        self._check_fresh(ignore_stale_grad)
        with undivided():
            each_call(lambda: self._rescale(size), self._keep_scale)
            self._allreduce_grads()
            self._update(ignore_stale_grad)
        end_step()

    def allreduce_grads(self) -> None:
        """Sum up the gradients of all contexts on each, for what changes them before ``update``.

        ``AssertionError`` where several contexts update in the store: make the trainer with
        ``update_on_kvstore=False``.

        >>> import lazynd
        >>> from lazynd import autograd, gluon
        >>> w = gluon.Parameter("weight", shape=(1,))
        >>> w.initialize("ones", ctx=[lazynd.cpu(0), lazynd.cpu(1)])
        >>> trainer = gluon.Trainer([w], "sgd", update_on_kvstore=False)
        >>> with autograd.record():
        ...     losses = [each * (i + 1) for i, each in enumerate(w.list_data())]
        >>> autograd.backward(losses)
        >>> trainer.allreduce_grads()
        >>> [each.asscalar() for each in w.list_grad()]
        [np.float32(3.0), np.float32(3.0)]
        """
        self._prepare()
        self._refuse_on_store("allreduce_grads")
        with undivided():
            self._allreduce_grads()

    def update(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """What ``step`` does after ``allreduce_grads``: each context's parameters by its own gradients.

        ``AssertionError`` where several contexts update in the store; otherwise as ``step``.

        >>> from lazynd import autograd, gluon, nd
        >>> w = gluon.Parameter("weight", shape=(1,))
        >>> w.initialize("ones")
        >>> trainer = gluon.Trainer([w], "sgd", {"learning_rate": 1})
        >>> with autograd.record():
        ...     loss = w.data() * 8
        >>> loss.backward()
        >>> trainer.allreduce_grads()
        >>> w.grad()[:] = nd.clip(w.grad(), -1, 1)
        >>> trainer.update(4)
        >>> w.data().asscalar()
        np.float32(0.75)
        """
        self._prepare()
        self._refuse_on_store("update")
        size = float(batch_size)
        self._check_fresh(ignore_stale_grad)
        with undivided():
            each_call(lambda: self._rescale(size), self._keep_scale)
            self._update(ignore_stale_grad)
        end_step()

    def _trained(self) -> list[tuple[int, Any]]:
        """The parameters that have gradients, with their numbers."""
        return [(i, each) for i, each in enumerate(self._params) if each.grad_req != "null"]

    def _check_fresh(self, ignore_stale_grad: bool) -> None:
        if ignore_stale_grad:
            return
        weights = [(each, data) for _, each in self._trained() for data in each.list_data()]
        fresh = fresh_gradients([data for _, data in weights])
        if not all(fresh):
            each, data = weights[fresh.index(False)]
            raise UserWarning(_STALE.format(each.name, data.context))

    def _allreduce_grads(self) -> None:
        """Sum up gradients on each context; or, where the store updates, update and copy the weights."""
        if not self._kvstore:
            return
        trained = self._trained()
        sums = [_total(each.list_grad()) for _, each in trained]
        if not self._update_on_kvstore:
            for (_, each), total in zip(trained, sums, strict=True):
                _spread(total, each.list_grad())
            return
        weights = [each.list_data() for _, each in trained]
        self._updaters[0]([i for i, _ in trained], sums, [first for first, *_ in weights])
        for first, *others in weights:
            _spread(first, others)

    def _update(self, ignore_stale_grad: bool) -> None:
        if self._kvstore and self._update_on_kvstore:
            return
        scaler = getattr(self, "_amp_loss_scaler", None)
        if scaler is not None and scaler.has_overflow(self._params):
            return
        trained = self._trained()
        numbers = [number for number, _ in trained]
        weights, grads = [each.list_data() for _, each in trained], [each.list_grad() for _, each in trained]
        used: list[NDArray] = []
        for i, updater in enumerate(self._updaters):
            here = [each[i] for each in weights]
            fresh = fresh_gradients(here)
            indices, found, data = (list(compress(x, fresh)) for x in (numbers, [each[i] for each in grads], here))
            if indices:
                updater(indices, found, data)
                used += data
        use_gradients(used)

    def __watched__(self) -> Iterator[tuple[dict[str, Any], str]]:
        """What compiled steps depend on: the arrays of parameters and states, and the optimizer."""
        yield self.__dict__, "_optimizer"
        options = vars(self._optimizer)
        for name, value in options.items():
            if (value is None or isinstance(value, int | float)) and name not in _ASKED_ANEW:
                yield options, name
        for updater in self._updaters:
            yield updater.__dict__, "states"
        for each in self._params:
            yield from getattr(each, "__watched__", tuple)()

    # ------------------------------------------------------------------------------------ files

    def save_states(self, fname: str) -> None:
        """Write the optimizer and its states to a file, for ``load_states``. Reads the values.

        >>> from lazynd import gluon
        >>> w = gluon.Parameter("weight", shape=(1,))
        >>> w.initialize()
        >>> gluon.Trainer([w], "sgd").save_states("trainer.states")
        """
        self._prepare()
        content = self._updaters[0].get_states(dump_optimizer=True)
        with open(fname, "wb") as file:
            file.write(content)

    def load_states(self, fname: str) -> None:
        """Take over the optimizer and the states of a file that ``save_states`` wrote, here or in MXNet.

        A file that would make anything but states and optimizers raises ``pickle.UnpicklingError``; nothing of what it
        names is called, and the trainer stays as it is.

        >>> from lazynd import gluon
        >>> w = gluon.Parameter("weight", shape=(1,))
        >>> w.initialize()
        >>> trainer = gluon.Trainer([w], "sgd", {"learning_rate": 0.5})
        >>> trainer.save_states("trainer.states")
        >>> trainer.set_learning_rate(0.1)
        >>> trainer.load_states("trainer.states")
        >>> trainer.learning_rate
        0.5
        """
        self._prepare()
        with open(fname, "rb") as file:
            content = file.read()
        read_states(content)  # before anything changes
        for updater in self._updaters:
            updater.set_states(content)
            updater.optimizer = self._updaters[0].optimizer
        self._optimizer = self._updaters[0].optimizer
        self._optimizer.param_dict = dict(enumerate(self._params))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Pickles leave out the parameters that an optimizer asks for multipliers: they are the trainer's."""
        self.__dict__.update(state)
        self._optimizer.param_dict = dict(enumerate(self._params))


def _total(arrays: Sequence[NDArray]) -> NDArray:
    """The sum of arrays on several contexts, on the first one's."""
    first, *others = arrays
    made: NDArray = nd.add_n(first, *(each.as_in_context(first.context) for each in others))
    return made


def _spread(value: NDArray, arrays: Sequence[NDArray]) -> None:
    """Write ``value`` to arrays on other contexts."""
    for each in arrays:
        each[:] = value.as_in_context(each.context)
