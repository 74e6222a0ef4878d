"""Kernels of convolutions in an order of axes of the backend's own: nobody sees it, and nothing is turned twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd, viz
from lazynd.backends.xla.kernels import Kernel
from lazynd.backends.xla.layout import find
from lazynd.ir.graph import Graph
from lazynd.ir.parse import parse_graph
from lazynd.runtime.run.compile import PROGRAMS

pytestmark = pytest.mark.lazy  # about what is compiled

#: [output, input, height, width], more elements than ``layout.LEAST``.
SHAPE = (64, 48, 3, 3)
AROUND = "strides=(1, 1), low=(1, 1), high=(1, 1), spread=(1, 1), dilation=(1, 1)"


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "tier", "compiled")


def buffer_of(array: Any) -> Any:
    return array._cell.content.value


def values(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def convolved(x: Any, w: Any) -> Any:
    return nd.Convolution(x, w, kernel=(3, 3), pad=(1, 1), num_filter=w.shape[0], no_bias=True)


@pytest.fixture
def kernel() -> Any:
    """An array whose buffer is a kernel, and its values."""
    w = nd.array(values(*SHAPE))
    convolved(nd.array(values(1, SHAPE[1], 5, 4)), w).wait_to_read()
    assert isinstance(buffer_of(w), Kernel) and buffer_of(w).array.shape == (3, 3, 48, 64)
    return w, values(*SHAPE)


# ---------------------------------------------------------------------------------------------------- what is one


def forward(shape: str = "64,48,3,3", group: int = 1, image: str = "5,4") -> Graph:
    o, i, h, w = map(int, shape.split(","))
    split = f"{group}, {o // group}, {i}, {h}, {w}"
    return parse_graph(f"""graph main(%0: float32[2,{group},{i},{image}], %1: float32[{shape}]) {{
      %2: float32[{shape}] = ir.add(%1, %1)
      %3: float32[{split.replace(" ", "")}] = ir.reshape(%2) {{shape=({split})}}
      %4: float32[2,{group},{o // group},{image}] = ir.convolution(%0, %3) {{{AROUND}}}
      return %4, %2
    }}""")


def test_a_convolution_makes_kernels_of_what_its_own_is_computed_with() -> None:
    found = find(forward(), 2, ())
    assert found.numbers() == ((1,), (1,))


@pytest.mark.parametrize("graph", [forward("16,8,3,3"), forward("64,48,3,3", group=2)], ids=["too small", "in groups"])
def test_others_do_not(graph: Graph) -> None:
    assert find(graph, 2, ()).numbers() == ((), ())


def test_what_is_one_already_stays_one_through_arithmetic() -> None:
    graph = parse_graph("""graph main(%0: float32[4,3,2,2], %1: float32[4,3,2,2], %2: float32[4,3,2,2]) {
      %3: float32[4,3,2,2] = ir.add(%0, %1)
      %4: float32[4,3,2,2] = ir.negate(%2)
      return %3, %4
    }""")
    assert find(graph, 3, ()).numbers() == ((), ())
    assert find(graph, 3, (1,)).numbers() == ((0, 1), (0,))


# ---------------------------------------------------------------------------------------------------- who reads one


READERS: dict[str, Callable[[Any], Any]] = {
    "asnumpy": lambda w: w.asnumpy(),
    "a view": lambda w: w[:].asnumpy(),
    "rows": lambda w: nd.concat(w[:5], w[5:], dim=0).asnumpy(),
    "copy": lambda w: w.copy().asnumpy(),
    "copyto": lambda w: w.copyto(nd.zeros(w.shape)).asnumpy(),
    "another device": lambda w: w.as_in_context(lazynd.cpu(1)).asnumpy(),
    "dlpack": lambda w: np.from_dlpack(w),
    "written over": lambda w: nd.zeros(w.shape).__iadd__(w).asnumpy(),
    "transposed": lambda w: w.transpose((3, 2, 1, 0)).asnumpy().transpose(3, 2, 1, 0),
    "reshaped": lambda w: w.reshape((-1,)).asnumpy().reshape(w.shape),
    "elementwise": lambda w: (w * 2 / 2).asnumpy(),
    "with another": lambda w: (w + nd.ones(w.shape) - 1).asnumpy().round(6),
    "with a row": lambda w: (w + nd.zeros((1, 48, 1, 1))).asnumpy(),
    "cast": lambda w: w.astype("float64").asnumpy(),
    "joined on the host": lambda w: nd.stack(*[w] * 8)[7].asnumpy(),
    "parted on the host": lambda w: nd.stack(*nd.split(w, 64, axis=0, squeeze_axis=True)).asnumpy(),
    "rows one by one": lambda w: nd.stack(*[w[i] for i in range(64)]).asnumpy(),
    "into shared memory": lambda w: into_shared(w),
    "memory shared from now on": lambda w: nd.from_dlpack(w.copy().to_dlpack_for_write()).asnumpy(),
    "measured": lambda w: viz.measure(w * 2, repeat=1) and w.asnumpy(),
}


def into_shared(w: Any) -> Any:
    memory = np.zeros(w.shape, np.float32)
    nd.from_numpy(memory)[:] = w
    return memory


@pytest.mark.parametrize("reads", READERS.values(), ids=READERS)
def test_readers_see_the_array(kernel: Any, reads: Callable[[Any], Any]) -> None:
    w, expected = kernel
    found = reads(w)
    np.testing.assert_allclose(found, expected, atol=2e-6)  # one reader rounds to six places
    np.testing.assert_array_equal(w.asnumpy(), expected)


def test_the_interpreter_reads_one(kernel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    w, expected = kernel
    monkeypatch.setattr(lazynd.config, "tier", "interpreted")
    np.testing.assert_array_equal((w * 2).asnumpy(), expected * 2)
    x = values(1, 48, 4, 3)
    found = convolved(nd.array(x), w).asnumpy()
    monkeypatch.setattr(lazynd.config, "tier", "compiled")
    # 432 products, in another order.
    np.testing.assert_allclose(found, convolved(nd.array(x), w).asnumpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("settings", [{"eager": True}, {"backend": "numpy"}], ids=str)
def test_numpy_reads_one(kernel: Any, settings: dict[str, Any]) -> None:
    w, expected = kernel
    with lazynd.config.using(**settings):
        np.testing.assert_array_equal(w.asnumpy(), expected)
        np.testing.assert_array_equal(w[2:4].asnumpy(), expected[2:4])
        np.testing.assert_array_equal((w * 2).asnumpy(), expected * 2)


def test_what_is_computed_of_one_in_the_interpreter_is_in_order(kernel: Any) -> None:
    w, expected = kernel
    with lazynd.config.using(tier="interpreted"):
        found = (w * 2).asnumpy(), (w.transpose() * 2).asnumpy()
    assert all(each.flags.c_contiguous for each in found)
    np.testing.assert_array_equal(found[0], expected * 2)


def test_what_is_read_is_private_and_in_order(kernel: Any) -> None:
    w, expected = kernel
    found = w.asnumpy()
    assert found.flags.c_contiguous and found.flags.writeable and found.flags.owndata
    found[:] = 0
    np.testing.assert_array_equal(w.asnumpy(), expected)


def test_one_is_saved_and_pickled(kernel: Any, tmp_path: Any) -> None:
    w, expected = kernel
    nd.save(str(tmp_path / "w"), [w])
    np.testing.assert_array_equal(nd.load(str(tmp_path / "w"))[0].asnumpy(), expected)


def test_a_write_to_a_part_of_one(kernel: Any) -> None:
    w, expected = kernel
    w[3:5, :, 1] = 7
    expected[3:5, :, 1] = 7
    np.testing.assert_array_equal(w.asnumpy(), expected)


def test_an_alias_of_one_keeps_its_values(kernel: Any) -> None:
    """An update takes its buffer over only if nobody else wants it."""
    w, expected = kernel
    view = w[2:4]
    kept = w.copy()
    w += 1
    w.wait_to_read()
    np.testing.assert_array_equal(view.asnumpy(), expected[2:4] + 1)  # a slice is a view, as in MXNet
    np.testing.assert_array_equal(kept.asnumpy(), expected)


@pytest.mark.parametrize("shared", [False, True])
def test_a_buffer_that_two_arrays_share_is_not_taken_over(shared: bool) -> None:
    """Though one of them gets a kernel of its own, when the program was compiled for a dead one."""
    expected, image = values(*SHAPE), nd.array(values(1, SHAPE[1], 5, 4))
    one = nd.array(expected)
    other = one
    if shared:
        other = nd.array(expected)
        other._cell.content.value = buffer_of(one)
    made = one + other * 0.5 + convolved(image, one).sum() * 0
    if not shared:
        del one, other
    made.wait_to_read()
    np.testing.assert_allclose(made.asnumpy(), expected * 1.5, rtol=1e-6)
    if shared:
        np.testing.assert_array_equal(one.asnumpy(), expected)
        np.testing.assert_array_equal(other.asnumpy(), expected)


# ---------------------------------------------------------------------------------------------------- training


class Training:
    """A small net with two such kernels, its optimizer, and a batch."""

    def __init__(self, apart: bool = False, optimizer: str = "sgd") -> None:
        lazynd.random.seed(3)
        self.net = gluon.nn.HybridSequential()
        self.net.add(gluon.nn.Conv2D(48, 3, padding=1, in_channels=48, activation="relu"))
        self.net.add(gluon.nn.Conv2D(48, 3, strides=2, in_channels=48), gluon.nn.Dense(3, in_units=192))
        self.net.initialize(lazynd.init.Xavier())
        rule = {"learning_rate": 0.01, **({"momentum": 0.9, "wd": 1e-3} if optimizer == "sgd" else {})}
        self.trainer = gluon.Trainer(self.net.collect_params(), optimizer, rule)
        self.loss = gluon.loss.L2Loss()
        self.x, self.y = nd.array(values(2, 48, 6, 5)), nd.array(values(2, 3, seed=1))
        self.apart = apart

    def step(self) -> float:
        with autograd.record():
            made = self.loss(self.net(self.x), self.y)
        made.backward()
        if self.apart:
            self.net[0].weight.grad().wait_to_read()
        self.trainer.step(2)
        return float(made.mean().asscalar())

    def weights(self) -> list[Any]:
        nd.waitall()
        return [each.data().asnumpy() for each in self.net.collect_params().values()]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("apart", [False, True], ids=["one program", "updates apart"])
def test_training_is_the_same_without(optimizer: str, apart: bool) -> None:
    found, expected = Training(apart, optimizer), Training(apart, optimizer)
    losses = [found.step() for _ in range(3)]
    nd.waitall()
    assert isinstance(buffer_of(found.net[0].weight.data()), Kernel)
    with lazynd.config.using(kernel_layout=False):
        np.testing.assert_allclose(losses, [expected.step() for _ in range(3)], rtol=1e-5)
        for one, other in zip(found.weights(), expected.weights(), strict=True):
            # Sums of some hundred products; Adam divides small gradients by their size.
            np.testing.assert_allclose(one, other, atol=1e-5 if optimizer == "sgd" else 1e-3)


@pytest.mark.parametrize("apart", [False, True], ids=["one program", "updates apart"])
def test_no_kernel_is_turned_after_the_first_steps(apart: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(apart)
    for _ in range(3):
        training.step()
    programs = lazynd.stats().programs
    turned: list[Any] = []
    monkeypatch.setattr("lazynd.backends.xla.on_host", turned.append)
    monkeypatch.setattr("lazynd.backends.xla.compiled.on_host", turned.append)
    monkeypatch.setattr("numpy.transpose", lambda *given: turned.append(given))
    for _ in range(3):
        training.step()
    assert turned == [] and lazynd.stats().programs == programs


def test_programs_that_differ_in_their_kernels_alone_have_other_names_on_disk(tmp_path: Any) -> None:
    graph = parse_graph("graph main(%0: float32[4,3,2,2]) {\n  %1: float32[4,3,2,2] = ir.negate(%0)\n  return %1\n}")
    backend = lazynd.backends.get_backend("xla")
    x = values(4, 3, 2, 2)
    with lazynd.config.using(cache=tmp_path):
        for given in ((), (0,), (), (0,)):
            run, loaded = backend.compile(graph, 0, (), True, given)
            buffer = backend.put(np.copy(x), lazynd.ir.types.CPU)
            buffer = backend.as_kernel(buffer) if given else buffer
            (made,) = run([buffer], ())
            assert isinstance(made, Kernel) == bool(given)
            np.testing.assert_array_equal(backend.get(made), -x)
        assert loaded


def test_a_program_of_weights_that_ran_before_the_first_convolution_is_compiled_anew_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    PROGRAMS.clear()
    w, x = nd.array(values(*SHAPE)), nd.array(values(1, SHAPE[1], 5, 4))
    expected = float((values(*SHAPE).astype("float64") ** 2).sum())

    def norm() -> float:
        return float((w * w).sum().asscalar())

    assert norm() == pytest.approx(expected, rel=1e-5)
    convolved(x, w).wait_to_read()
    assert norm() == pytest.approx(expected, rel=1e-5)  # it copies, and is noticed
    counts, turned = [], list[Any]()
    monkeypatch.setattr("lazynd.backends.xla.compiled.on_host", turned.append)
    for _ in range(3):
        assert norm() == pytest.approx(expected, rel=1e-5)
        convolved(x, w).wait_to_read()
        counts.append(lazynd.stats().programs)
    assert turned == [] and len(set(counts)) == 1
