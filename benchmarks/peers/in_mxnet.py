"""The workloads in MXNet's way of programming, run by MXNet or by lazynd."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..nets import training
from .networks import in_order, network
from .workloads import EMBEDDED, HIDDEN, RATE, SEQUENCES, STEPS, VOCABULARY, WORKLOADS, Step, inputs_of, values_of


def step_of(mx: Any, workload: str, spelling: str) -> Step:
    """A step whose result is read: a loss, or the mean of what was computed."""
    inputs = [mx.nd.array(each) for each in inputs_of(workload)]
    values = values_of(workload)
    made = _OTHERS.get(workload)
    if made is not None:
        arrays = [mx.nd.array(v) for v in values]
        work = made(mx, inputs, arrays) if workload != "control_flow" else made(mx, inputs, spelling == "compiled")
        return _read(mx.compile(work) if spelling == "compiled" else work, arrays)
    net = network(mx, workload, values)
    if spelling == "hybridized":
        net.hybridize(static_alloc=True, static_shape=True)
    if workload.endswith("inference"):
        return Step(lambda: float(net(inputs[0]).asnumpy().mean()))
    work = training(mx, net, *inputs)
    work = mx.compile(work) if spelling == "compiled" else work
    steps, trained = WORKLOADS[workload].steps, [p.data() for p in in_order(net) if p.grad_req != "null"]
    return _read(work, trained) if steps == 1 else _unread(mx, work, trained, steps)


def _read(work: Callable[[], Any], trained: Sequence[Any]) -> Step:
    return Step(lambda: float(work().asscalar()), lambda: [each.asnumpy() for each in trained])


def _unread(mx: Any, work: Callable[[], Any], trained: Sequence[Any], steps: int) -> Step:
    def run() -> float:
        for _ in range(steps):
            loss = work()
        mx.nd.waitall()
        return float(loss.asscalar())

    return Step(run, lambda: [each.asnumpy() for each in trained])


def _descend(mx: Any, parameters: list[Any], loss_of: Callable[[], Any]) -> Callable[[], Any]:
    for parameter in parameters:
        parameter.attach_grad()

    def step() -> Any:
        with mx.autograd.record():
            loss = loss_of()
        loss.backward()
        for parameter in parameters:
            parameter[:] = parameter - RATE * parameter.grad
        return loss

    return step


def _recurrent(mx: Any, inputs: list[Any], p: list[Any], cell: Callable[..., Any]) -> Callable[[], Any]:
    """As the book writes it: one-hot rows, a step after another, the outputs joined."""
    nd, (x, y) = mx.nd, inputs

    def loss_of() -> Any:
        state, outputs = nd.zeros((SEQUENCES, HIDDEN)), []
        memory = nd.zeros((SEQUENCES, HIDDEN))
        for t in range(STEPS):
            state, memory = cell(nd, nd.one_hot(x[t], VOCABULARY), state, memory, p)
            outputs.append(nd.dot(state, p[-2]) + p[-1])
        return -nd.pick(nd.log_softmax(nd.concat(*outputs, dim=0)), y).mean()

    return _descend(mx, p, loss_of)


def _rnn_cell(nd: Any, x: Any, h: Any, c: Any, p: list[Any]) -> tuple[Any, Any]:
    return nd.tanh(nd.dot(x, p[0]) + nd.dot(h, p[1]) + p[2]), c


def _lstm_cell(nd: Any, x: Any, h: Any, c: Any, p: list[Any]) -> tuple[Any, Any]:
    i, f, o, g = (nd.dot(x, p[3 * n]) + nd.dot(h, p[3 * n + 1]) + p[3 * n + 2] for n in range(4))
    c = nd.sigmoid(f) * c + nd.sigmoid(i) * nd.tanh(g)
    return nd.sigmoid(o) * nd.tanh(c), c


def _word2vec(mx: Any, inputs: list[Any], p: list[Any]) -> Callable[[], Any]:
    nd, (centers, contexts, labels) = mx.nd, inputs

    def loss_of() -> Any:
        v = nd.Embedding(centers, p[0], input_dim=p[0].shape[0], output_dim=EMBEDDED)
        u = nd.Embedding(contexts, p[1], input_dim=p[1].shape[0], output_dim=EMBEDDED)
        scores = nd.batch_dot(v, nd.swapaxes(u, 1, 2)).reshape(labels.shape)
        return (nd.relu(scores) - scores * labels + nd.Activation(-nd.abs(scores), act_type="softrelu")).mean()

    return _descend(mx, p, loss_of)


def _elementwise(mx: Any, inputs: list[Any], _: list[Any]) -> Callable[[], Any]:
    nd, (a, b) = mx.nd, inputs

    def work() -> Any:
        x = nd.tanh(a * 1.5 + b)
        x = nd.relu(x * b - a) + nd.sigmoid(x)
        return (nd.exp(-x) * nd.sqrt(nd.abs(x) + 1) - b).mean()

    return work


def _adds(mx: Any, inputs: list[Any], _: list[Any]) -> Callable[[], Any]:
    x = inputs[0]
    x.attach_grad()

    def work() -> Any:
        with mx.autograd.record():
            y = x
            for _ in range(1000):
                y = y + x
        y.backward()
        return x.grad.mean()

    return work


def _control_flow(mx: Any, inputs: list[Any], as_data: bool) -> Callable[[], Any]:
    """Python reads a value and chooses; or ``as_data``, as a function that is compiled whole needs it."""
    nd, x = mx.nd, inputs[0]
    x.attach_grad()
    more, less = nd.array([1.1]), nd.array([0.9])

    def work() -> Any:
        with mx.autograd.record():
            y = x
            for _ in range(10):
                y = nd.tanh(nd.dot(y, x))
                if as_data:
                    y = y * nd.where(y.sum() > 0, more, less)
                else:
                    y = y * 1.1 if y.sum().asscalar() > 0 else y * 0.9
            y = y.sum()
        y.backward()
        return x.grad.mean()

    return work


_OTHERS: dict[str, Callable[..., Callable[[], Any]]] = {
    "rnn_scratch": lambda mx, x, p: _recurrent(mx, x, p, _rnn_cell),
    "lstm_scratch": lambda mx, x, p: _recurrent(mx, x, p, _lstm_cell),
    "word2vec": _word2vec, "elementwise": _elementwise, "adds": _adds, "control_flow": _control_flow,
}  # fmt: skip
