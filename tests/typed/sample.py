"""What users write, fully typed: runs against the installed wheel, and passes ``mypy --strict`` without an ignore."""

from __future__ import annotations

import pathlib
import tempfile

import numpy as np
import numpy.typing as npt

import lazynd as mx
from lazynd import Context, MXNetError, NDArray, autograd, image, nd, viz
from lazynd import np as mnp


class Line:
    """A line fitted by gradient descent."""

    def __init__(self, inputs: int, ctx: Context) -> None:
        self.w: NDArray = nd.random.normal(scale=0.01, shape=(inputs, 1), ctx=ctx)
        self.b: NDArray = nd.zeros(1, ctx=ctx)
        for parameter in self.parameters:
            parameter.attach_grad()

    @property
    def parameters(self) -> tuple[NDArray, NDArray]:
        return self.w, self.b

    def __call__(self, x: NDArray) -> NDArray:
        return nd.dot(x, self.w) + self.b

    def step(self, x: NDArray, y: NDArray, rate: float) -> float:
        with autograd.record():
            loss = nd.square(self(x) - y).mean()
        loss.backward()
        for parameter in self.parameters:
            parameter[:] = nd.sgd_update(parameter, parameter.grad, lr=rate)
        return float(loss.asscalar())


def fitted(ctx: Context) -> Line:
    nd.random.seed(3)
    x: NDArray = nd.random.uniform(-1, 1, shape=(64, 2), ctx=ctx)
    y: NDArray = 2 * x[:, 0:1] - x.slice_axis(axis=1, begin=1, end=2) + 0.5
    line = Line(2, ctx)
    losses: list[float] = [line.step(x, y, 0.5) for _ in range(30)]
    assert losses[-1] < 1e-3 < losses[0]
    return line


def network(x: NDArray) -> NDArray:
    weight, bias = nd.random.normal(shape=(4, 3, 3, 3)), nd.zeros(4)
    hidden: NDArray = nd.Convolution(x, weight, bias, kernel=(3, 3), num_filter=4, pad=(1, 1))
    hidden = nd.Pooling(hidden.relu(), kernel=(2, 2), stride=(2, 2), pool_type="max")
    made: NDArray = nd.FullyConnected(hidden, nd.ones((5, 16)), None, num_hidden=5, no_bias=True)
    return made.softmax(axis=-1)


def methods(x: NDArray) -> None:
    shape: tuple[int, ...] = x.shape
    dtype: type[np.generic] = x.dtype
    values: npt.NDArray[np.generic] = x.asnumpy()
    assert shape == values.shape and dtype is np.float32
    swapped: NDArray = x.reshape((3, -1)).transpose().expand_dims(axis=0).astype("float16")
    assert swapped.shape == (1, 2, 3) and len(swapped) == 1
    halves = nd.split(x, num_outputs=2, axis=1)
    joined: NDArray = nd.concat(*halves, dim=1)
    assert bool((joined == x).min())
    chosen: NDArray = x.argmax(axis=1).one_hot(depth=2).sum()
    assert chosen.asscalar() == 3


def random_numbers() -> None:
    drawn: NDArray = nd.random.gamma(nd.array([1, 2]), nd.array([1, 1]), shape=(3,))
    like: NDArray = nd.random.uniform_like(drawn, low=0, high=2)
    mixed: NDArray = nd.random.shuffle(like)
    assert mixed.shape == (2, 3)


def gradients() -> None:
    x = nd.array([1.0, 2.0, 3.0])
    x.attach_grad(grad_req="add")
    with autograd.record(train_mode=True):
        y: NDArray = nd.Dropout(x, p=0.0) * x
        with autograd.pause():
            assert not autograd.is_recording()
    y.backward(nd.ones_like(x), retain_graph=False)
    assert x.grad.shape == (3,)
    autograd.check_gradients(nd.softmax, x, order=2)
    autograd.check_gradients(lambda a, b: (nd.dot(a, b), a), [x, x.copy()], rtol=1e-4, atol=1e-6, step=1e-5)


def files(line: Line) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "line.params"
        nd.save(path, {"w": line.w, "b": line.b})
        loaded = nd.load(path)
    assert isinstance(loaded, dict)
    weight: NDArray = loaded["w"]
    assert bool((weight == line.w).min())


def images() -> None:
    pixels: NDArray = nd.array(np.arange(60).reshape(4, 5, 3), dtype="uint8")
    small: NDArray = image.imresize(pixels, 2, 3, interp=2)
    tensor: NDArray = nd.image.to_tensor(nd.image.random_flip_left_right(small))
    assert tensor.shape == (3, 3, 2)


def refusals() -> None:
    try:
        nd.concat(nd.ones((2, 3)), nd.ones((3, 2)), dim=0)
    except MXNetError as error:
        assert "concat" in str(error).lower()


def numpy_rules() -> None:
    a: mnp.ndarray = mnp.array([[1.0, 2.0], [3.0, 4.0]])
    total: mnp.ndarray = mnp.exp(a).sum()
    assert total.shape == () and mnp.pi > 3


def main() -> None:
    version: str = mx.__version__
    assert version.split(".")[0].isdigit()
    ctx: Context = mx.gpu(0) if mx.num_gpus() else mx.cpu()
    line = fitted(ctx)
    assert network(nd.ones((1, 3, 4, 4))).shape == (1, 5)
    methods(nd.array([[1, 0], [2, 5], [4, 3]]))
    random_numbers()
    gradients()
    files(line)
    images()
    refusals()
    numpy_rules()
    text: str = viz.text(line(nd.ones((1, 2))))
    assert "dot" in text
    nd.waitall()
    print("the typed sample runs")


if __name__ == "__main__":
    main()
