"""Blocks as cases: how one is made, what it is called with; evaluated with real MXNet or with lazynd."""

from __future__ import annotations

import warnings
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from .case import Array, Drawn, Literal
from .evaluate import head


@dataclass(frozen=True)
class BlockCase:
    """``text`` makes the block, with ``nn``, ``loss``, ``rnn``, ``contrib`` and ``mx`` in reach; ``arrays`` go in.

    ``call``: an expression of ``block`` and ``inputs``, a call with all of them by default. ``train``: recorded in
    training mode. ``rtol``: of the comparison, where the usual one is not due. ``low``, ``high``: of the parameters.
    ``grad``: numbers of the inputs whose gradients are compared, all floats if None. ``unchecked``: parts of the result
    that MXNet has wrong.
    """

    text: str
    arrays: tuple[Drawn | Literal, ...]
    call: str = "block(*inputs)"
    train: bool = True
    rtol: float | None = None
    low: float = -0.5
    high: float = 0.5
    grad: tuple[int, ...] | None = None
    unchecked: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Names the case in the stored goldens; any change of what is computed gives another one."""
        parts = (self.text, self.arrays, self.call, self.train, self.low, self.high)
        return f"{self.text.strip('[').split('(')[0]}:{zlib.crc32(repr(parts).encode()):08x}"

    def inputs(self) -> list[Array]:
        rng = np.random.RandomState(zlib.crc32(self.key.encode()))
        return [each.array(rng) for each in self.arrays]

    def values(self, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """The values of a parameter; of a variance they are positive."""
        rng = np.random.RandomState(zlib.crc32(f"{self.key}{name}".encode()))
        made = rng.uniform(self.low, self.high, shape)
        return np.asarray(np.abs(made) + 0.5 if name.endswith("var") else made).astype(dtype)


def block(text: str, *arrays: Drawn | Literal, **options: Any) -> BlockCase:
    """A case with all defaults."""
    return BlockCase(text, arrays, **options)


def _flat(values: Any) -> list[Any]:
    if isinstance(values, (list, tuple)):
        return [each for value in values for each in _flat(value)]
    return [] if values is None else [values]


def made_by(mx: Any, text: str) -> Any:
    """The block of ``text``, named as the first of its kind."""
    gluon = mx.gluon
    scope = {"nn": gluon.nn, "loss": gluon.loss, "rnn": gluon.rnn, "contrib": gluon.contrib, "mx": mx}
    with mx.name.NameManager():
        return eval(text, scope)


def evaluate(mx: Any, case: BlockCase) -> dict[str, Any]:
    """What the block is called and has, what it prints, its outputs, all gradients, parameters that changed.

    Only the class of the exception where making or calling it raises.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _evaluate(mx, case)
        except Exception as error:  # what it raises is the result
            return {"raises": type(error).__name__}


def _evaluate(mx: Any, case: BlockCase) -> dict[str, Any]:
    made = made_by(mx, case.text)
    found: dict[str, Any] = {"repr": repr(made), "name": made.name}
    inputs = [mx.nd.array(each, dtype=each.dtype) for each in case.inputs()]
    wanted = range(len(inputs)) if case.grad is None else case.grad
    floats = [inputs[i] for i in wanted if np.dtype(inputs[i].dtype).kind == "f"]
    scope = {"block": made, "inputs": inputs, "mx": mx}
    made.initialize()
    eval(case.call, scope)  # the first call, from which it learns its shapes
    params = {each.name: each for each in made.collect_params().values()}
    for name, each in params.items():
        each.set_data(mx.nd.array(case.values(name, each.shape, each.dtype), dtype=each.dtype))
    before = {name: each.data().asnumpy() for name, each in params.items()}
    for each in floats:
        each.attach_grad()
    with mx.autograd.record(train_mode=case.train):
        outputs = _flat(eval(case.call, scope))
    found["out"] = [each.asnumpy() for each in outputs]
    heads = [mx.nd.array(head(each.shape, each.dtype, i), dtype=each.dtype) for i, each in enumerate(outputs)]
    mx.autograd.backward(outputs, heads, train_mode=case.train)
    found["grad"] = [each.grad.asnumpy() for each in floats]
    found["grads"] = {n: each.grad().asnumpy() for n, each in params.items() if each.grad_req != "null"}
    after = {name: each.data().asnumpy() for name, each in params.items()}
    found["after"] = {name: now for name, now in after.items() if now.tobytes() != before[name].tobytes()}
    found["params"] = [[name, list(each.shape), each.grad_req] for name, each in params.items()]
    found["places"] = list(made._collect_params_with_prefix())
    found["repr_after"] = repr(made)
    return found


def saved_net(mx: Any) -> Any:
    """A net of layers of several kinds, with values that a file of MXNet's has too."""
    nn, rnn = mx.gluon.nn, mx.gluon.rnn
    net = nn.Sequential()
    inner = nn.HybridSequential()
    inner.add(nn.Dense(3, in_units=2, activation="relu"), nn.BatchNorm(in_channels=3))
    net.add(inner, rnn.GRU(2, input_size=3), rnn.LSTM(2, bidirectional=True, input_size=4))
    net.initialize()
    for number, each in enumerate(net.collect_params().values()):
        size = int(np.prod(each.shape))
        each.set_data(mx.nd.array((np.arange(size) + number * 100).reshape(each.shape)))
    return net
