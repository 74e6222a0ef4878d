"""bfloat16 as a dtype of arrays: what it is called, where it is rounded, and that it is never taken for another."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd, viz
from lazynd.backends.encode import encode
from lazynd.ir import build as ir
from lazynd.ir.attributes import attribute_key, parse_attribute, print_attribute
from lazynd.ir.graph import Graph
from lazynd.ir.node import leaf
from lazynd.ir.parse import parse_type
from lazynd.ir.types import DTYPES, Type, as_dtype, bfloat16, finfo, is_bfloat16, is_floating, is_half, widened
from lazynd.ir.value import Value
from lazynd.passes import common_subexpressions
from lazynd.passes.simplify import lossless

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def bits(array: Any) -> list[int]:
    found: list[int] = array.asnumpy().view(np.uint16).ravel().tolist()
    return found


def rounded(values: Any) -> list[int]:
    """The bits of numbers in bfloat16, by the definition: to the nearest, of two the one with an even last bit."""
    words = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    found: list[int] = ((words + 0x7FFF + ((words >> 16) & 1)) >> 16).tolist()
    return found


# ---------------------------------------------------------------------------------------------------- what it is


def test_it_has_many_names() -> None:
    import jax

    structure = np.dtype([("bfloat16", np.uint16)])
    for name in ("bfloat16", ml_dtypes.bfloat16, BFLOAT16, jax.numpy.bfloat16, structure):
        assert as_dtype(name) is BFLOAT16
        assert nd.ones((2,), dtype=name).dtype is ml_dtypes.bfloat16
    with pytest.raises(KeyError):
        as_dtype(np.dtype([("bfloat16", np.int16)]))
    with pytest.raises(KeyError):
        as_dtype("float8_e5m2")
    assert parse_type("bfloat16[2,3]") is Type((2, 3), BFLOAT16)
    assert lazynd.context.Context("cpu") is lazynd.cpu() and BFLOAT16.name == "bfloat16"


def test_what_is_asked_of_dtypes() -> None:
    floats = {name for name, dtype in DTYPES.items() if is_floating(dtype)}
    assert floats == {"float16", "float32", "float64"} and is_floating(bfloat16())
    assert {name for name, dtype in DTYPES.items() if is_half(dtype)} == {"float16"} and is_half(bfloat16())
    assert not any(map(is_bfloat16, DTYPES.values())) and is_bfloat16(bfloat16())
    assert widened(bfloat16()) == widened(np.dtype("float16")) == np.float32 and widened(np.dtype("int8")) == np.int8
    assert finfo(bfloat16()).nmant == 7 and finfo(np.dtype("float16")).nmant == 10


def test_nobody_asks_numpy_whether_it_is_floating() -> None:
    """NumPy says that its kind is "V": the question has one place."""
    package = Path(lazynd.__file__).parent
    asked = re.compile(r"""kind (==|!=) "f"|issubdtype\([^)]*\bnp\.|\bnp\.finfo\((?!np\.float)""")  # jax knows it
    found = [
        f"{path.name}:{number}"
        for path in package.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if asked.search(line)
    ]
    assert {each.partition(":")[0] for each in found} == {"types.py"}, found


def test_it_is_loaded_by_whoever_asks_for_it() -> None:
    script = (
        "import sys, json\nfrom lazynd import nd\n"
        "x = nd.ones((2,)) + nd.ones((2,), dtype='float16').astype('float32')\nbefore = 'ml_dtypes' in sys.modules\n"
        "y = nd.ones((2,), dtype='bfloat16')\n"
        "print(json.dumps([before, 'ml_dtypes' in sys.modules, 'jax' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout) == [False, True, False]


def test_it_prints_as_numpy_prints_it() -> None:
    x = nd.array([1, 2.7, -3.14159], dtype="bfloat16")
    assert str(x) == "\n[1 2.70312 -3.14062]\n<NDArray 3 @cpu(0)>"
    made = x.asnumpy()
    assert made.dtype == BFLOAT16 and made.astype("float32").tolist() == [1, 2.703125, -3.140625]
    assert x[1].asscalar() == ml_dtypes.bfloat16(2.703125) and float(x[1]) == 2.703125 and int(x[2]) == -3


@pytest.mark.lazy
def test_graphs_show_it() -> None:
    assert "bfloat16[3] = exp(%0)" in viz.text(nd.exp(nd.array([1, 2, 3], dtype="bfloat16")), locations=False)


# ---------------------------------------------------------------------------------------------------- rounding

NUMBERS = [1.001, 1.00390625, 1.01171875, -2.7, 1e-3, 3.3e38, 3.4e38, 255.5, 257, 1e-40, 0.0, -0.0, np.inf]


@pytest.mark.parametrize("backend", ["xla", "numpy"])
def test_numbers_become_the_nearest(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "backend", backend)
    normal = [n for n in NUMBERS if n == 0 or abs(n) > 1e-38]  # XLA flushes subnormal numbers
    for source in ("float32", "float64"):
        x = nd.array(np.asarray(normal, "float32"), dtype=source)
        assert bits(x.astype("bfloat16")) == rounded(normal)
    assert bits(nd.array(NUMBERS, dtype="bfloat16")) == rounded(NUMBERS)
    assert np.isnan(nd.array([np.nan]).astype("bfloat16").astype("float32").asscalar())


@pytest.mark.parametrize("backend", ["xla", "numpy"])
def test_they_are_rounded_once(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Just above the middle of 1 and the next number, by less than float32 can tell."""
    monkeypatch.setattr(lazynd.config, "backend", backend)
    above = 1 + 2.0**-8 + 2.0**-40
    assert nd.array([above, 2 - above, 1 + 2.0**-8], dtype="float64").astype("bfloat16").astype(
        "float64"
    ).asnumpy().tolist() == [1 + 2.0**-7, 1 - 2.0**-8, 1]
    whole = 2**30 + 2**22 + 1
    assert int(nd.array([whole], dtype="int32").astype("bfloat16").astype("int32").asscalar()) == 2**30 + 2**23


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_cast_that_the_user_wrote_rounds(dtype: str) -> None:
    """Also within a program that goes on in float32."""
    x = nd.array([1.0001, 2.7182817])
    expected = x.asnumpy().astype(as_dtype(dtype)).astype("float32")
    assert (x * 1).astype(dtype).astype("float32").asnumpy().tolist() == expected.tolist()
    y = (nd.sqrt(x) * nd.sqrt(x)).astype(dtype).astype("float32") * 1
    assert (y.astype(dtype).astype("float32") == y).asnumpy().all()


@pytest.mark.parametrize("backend", ["xla", "numpy"])
def test_sums_are_not_kept_in_eight_bits(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bfloat16 a sum of ones comes to an end at 256."""
    monkeypatch.setattr(lazynd.config, "backend", backend)
    n = 1024
    ones = nd.ones((n,), dtype="bfloat16")
    assert float(ones.sum()) == n and float(nd.mean(ones)) == 1 and float(nd.dot(ones, ones)) == n
    assert float(nd.norm(ones)) == 32
    line = ones.reshape((1, 1, n))
    assert float(nd.Convolution(line, line, num_filter=1, kernel=(n,), no_bias=True)) == n
    assert float(nd.Pooling(line, kernel=(n,), pool_type="sum")) == n
    assert float(nd.FullyConnected(ones.reshape((1, n)), ones.reshape((1, n)), no_bias=True, num_hidden=1)) == n
    weight = nd.ones((3, 1), dtype="bfloat16")
    weight.attach_grad()
    with autograd.record():
        taken = nd.take(weight, nd.ones((n,))).sum()
    taken.backward()
    assert weight.grad.astype("float32").asnumpy().ravel().tolist() == [0, n, 0]


def test_products_of_matrices_are_rounded_once(rng: np.random.Generator) -> None:
    """Half a unit, 2 ** -8, and sums of n terms in float32: n units of 2 ** -24 of the sum of their sizes at most."""
    n = 700
    a, b = (nd.array(rng.normal(size=shape), dtype="bfloat16") for shape in ((9, n), (n, 5)))
    left, right = (each.astype("float64").asnumpy() for each in (a, b))
    bound = 2.0**-8 * np.abs(left @ right) + n * 2.0**-24 * (np.abs(left) @ np.abs(right))
    assert (np.abs(nd.dot(a, b).astype("float64").asnumpy() - left @ right) <= bound).all()


@pytest.mark.parametrize("backend", ["xla", "numpy"])
def test_positions_are_not_counted_in_it(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After 256 comes 256."""
    monkeypatch.setattr(lazynd.config, "backend", backend)
    at = 301
    x = nd.one_hot(nd.array([at]), 400, dtype="bfloat16")
    for position in (nd.argmax(x, axis=1), nd.argmin(-x), nd.argmax_channel(x), nd.topk(x), nd.argsort(-x)[0, :1]):
        assert position.dtype is np.float32 and float(position) == at
    places = nd.unravel_index(nd.array([700], dtype="bfloat16"), shape=(2, 397))
    assert places.asnumpy().ravel().tolist() == [1, 303]
    steps = nd.arange(0, 400, 0.5, dtype="bfloat16")
    assert bits(steps) == rounded(np.arange(0, 400, 0.5))
    counts, edges = nd.histogram(nd.zeros((3,), dtype="bfloat16"), bins=512, range=(0, 512))
    assert bits(edges) == rounded(np.arange(513)) and counts.asnumpy().sum() == 3
    line = nd.arange(320, dtype="bfloat16").reshape((1, 1, 1, 320))
    pooled = nd.ROIPooling(line, nd.array([[0, 300, 0, 304, 0]], dtype="bfloat16"), (1, 5), 1.0)
    assert bits(pooled) == rounded([300, 301, 302, 303, 304])


def test_draws_lie_below_one_and_differ() -> None:
    nd.random.seed(3)
    x = nd.random.uniform(shape=(4000,), dtype="bfloat16").astype("float32").asnumpy()
    assert x.min() == 0 and x.max() == 255 / 256 and len(set(x.tolist())) == 256
    y = nd.random.exponential(2, shape=(4000,), dtype="bfloat16").astype("float32").asnumpy()
    assert len(set(y.tolist())) > 500 and abs(y.mean() - 2) < 4 * 2 / np.sqrt(4000) + 2 * 2**-8
    z = nd.random.normal(shape=(4000,), dtype="bfloat16").astype("float32").asnumpy()
    assert abs(z.mean()) < 4 / np.sqrt(4000)


def test_the_least_number_is_its_own() -> None:
    """A window of NaN gives the least finite number, which float32's would not be."""
    x = nd.array([[[np.nan, np.nan]]], dtype="bfloat16")
    assert float(nd.Pooling(x, kernel=(2,), pool_type="max")) == float(ml_dtypes.finfo(BFLOAT16).min)


def test_nan_has_its_place() -> None:
    x = nd.array([1.5, np.nan, -2, np.inf], dtype="bfloat16")
    assert nd.sort(x).astype("float32").asnumpy()[:3].tolist() == [-2, 1.5, np.inf]
    assert nd.argmax(x, axis=0).asscalar() == 1 and nd.sign(x).astype("int8").asnumpy().tolist() == [1, 0, -1, 1]
    assert x.astype("int32").asnumpy().tolist() == [1, -(2**31), -2, -(2**31)], "as from every float"


# ------------------------------------------------------------------------------------------- not another dtype


def test_no_key_takes_it_for_float16() -> None:
    """Equal bits, equal width: only the dtype tells them apart."""
    raw = np.array([0x3C00, 0x4000, 0x8000], np.uint16)
    one, other = raw.view(np.float16), raw.view(BFLOAT16)
    assert one.tobytes() == other.tobytes()
    assert attribute_key(one) != attribute_key(other) and attribute_key(one[0]) != attribute_key(other[0])
    assert encode(one) != encode(other) and encode(one.dtype) != encode(other.dtype)
    assert Type((3,), one.dtype) is not Type((3,), other.dtype)
    for each in (one, other):
        printed = print_attribute(each)
        again = parse_attribute(printed)
        assert again.dtype == each.dtype and again.tobytes() == each.tobytes(), printed


def test_constants_of_equal_bits_are_not_merged() -> None:
    x = Value(leaf(Type((1,), BFLOAT16)))
    raw = np.array([0x4000], np.uint16)
    made = [
        ir.convert(ir.emit("constant", value=raw.view(dtype), context=x.context), np.dtype("float32")) + 0.0
        for dtype in (np.dtype("float16"), BFLOAT16, np.dtype("float16"))
    ]
    graph = Graph([x.ref.node], [each.ref for each in made])
    merged = common_subexpressions(graph)
    assert merged.outputs[0].node is merged.outputs[2].node is not merged.outputs[1].node


def test_what_holds_what() -> None:
    named = {**DTYPES, "bfloat16": BFLOAT16}
    assert {t for t in named if lossless(BFLOAT16, named[t])} == {"bfloat16", "float32", "float64"}
    assert {s for s in named if lossless(named[s], BFLOAT16)} == {"bfloat16", "bool", "int8", "uint8"}


def test_programs_of_both_halves_are_two() -> None:
    def run(dtype: str) -> float:
        x = nd.full((7, 1, 7), 1.1, dtype=dtype)
        return float((x * x + 0.3).sum())

    half, brain = run("float16"), run("bfloat16")
    assert half != brain and (run("float16"), run("bfloat16")) == (half, brain)


def test_dtypes_are_not_mixed() -> None:
    x = nd.ones((2,), dtype="bfloat16")
    for other in ("float16", "float32", "int8"):
        with pytest.raises(MXNetError, match=f"expected bfloat16, got {other}"):
            x + nd.ones((2,), dtype=other)
    with pytest.raises(MXNetError, match=r"(?s)BilinearSampler.*float64 are supported, got bfloat16"):
        nd.BilinearSampler(nd.ones((1, 1, 2, 2), dtype="bfloat16"), nd.ones((1, 2, 2, 2), dtype="bfloat16"))
    assert (x + 1.5).dtype is (2**x).dtype is (x > 1).dtype is x.dtype, "numbers take its dtype"


# ------------------------------------------------------------------------------------------- gradients, updates


def test_a_network_learns_in_it() -> None:
    nd.random.seed(1)
    x = nd.random.normal(shape=(64, 2)).astype("bfloat16")
    target = nd.dot(x, nd.array([[3], [-2]], dtype="bfloat16")) + 1
    w, b = nd.zeros((2, 1), dtype="bfloat16"), nd.zeros((1,), dtype="bfloat16")
    w.attach_grad()
    b.attach_grad()
    assert w.grad.dtype is x.dtype
    for _ in range(60):
        with autograd.record():
            loss = (nd.dot(x, w) + b - target).square().mean()
        loss.backward()
        for parameter in (w, b):
            parameter[:] = parameter - 0.2 * parameter.grad
    # A step below half a unit, 2 ** -8 of a parameter, is lost: they stay within a few units.
    np.testing.assert_allclose(w.astype("float32").asnumpy().ravel(), [3, -2], rtol=2**-5)
    np.testing.assert_allclose(b.astype("float32").asnumpy(), [1], rtol=2**-5)


def test_gradients_of_any_order_and_heads() -> None:
    x = nd.array([1.5, -2], dtype="bfloat16")
    x.attach_grad()
    with autograd.record():
        y = x * x * x
        (slope,) = autograd.grad(y, x, create_graph=True, retain_graph=True)
    slope.backward(nd.array([1, 2], dtype="bfloat16"))
    assert slope.astype("float32").asnumpy().tolist() == [6.75, 12]
    assert x.grad.astype("float32").asnumpy().tolist() == [9, -24]


def test_a_loop_of_it() -> None:
    w = nd.array([2], dtype="bfloat16")
    w.attach_grad()
    with autograd.record():
        outputs, last = nd.contrib.foreach(
            lambda row, state: (row * w, state * w + row), nd.ones((4, 1), dtype="bfloat16"), nd.zeros_like(w)
        )
        total = last + outputs.sum()
    total.backward()
    assert last.dtype is outputs.dtype is w.grad.dtype is w.dtype
    assert (float(last), float(w.grad)) == (15, 17 + 4), "1 + w + w^2 + w^3, and 4 w"


def test_updates_keep_a_float32_weight_beside_it() -> None:
    weight32 = nd.array([1, 2, 3])
    weight, grad = weight32.astype("bfloat16"), nd.full((3,), 2**-10, dtype="bfloat16")
    for _ in range(4):
        nd.mp_sgd_update(weight, grad, weight32, lr=1, out=weight)
    assert weight32.asnumpy().tolist() == [1 - 2**-8, 2 - 2**-8, 3 - 2**-8], "where bfloat16 would stand still"
    assert bits(weight) == rounded(weight32.asnumpy())


# ------------------------------------------------------------------------------------------- in and out


def test_it_goes_into_files_and_pickles(tmp_path: Path) -> None:
    x = nd.array([1.5, -2.25, np.inf, np.nan], dtype="bfloat16")
    nd.save(tmp_path / "x", {"x": x})
    for again in (nd.load(tmp_path / "x")["x"], pickle.loads(pickle.dumps(x))):
        assert again.dtype is x.dtype and bits(again) == bits(x)
    np.savez(tmp_path / "x.npz", x=x.asnumpy())  # which forgets what the two bytes are
    with pytest.raises(MXNetError, match="void16, which lazynd does not have"):
        nd.load(tmp_path / "x.npz")


def test_mxnets_own_form_of_it_is_its_bits() -> None:
    raw = np.array([(0x3FC0,), (0xC000,)], [("bfloat16", np.uint16)])
    x = nd.array(raw, dtype="bfloat16")
    assert x.astype("float32").asnumpy().tolist() == [1.5, -2]
    assert nd.array(raw).asnumpy().tolist() == [1.5, -2], "float32 is the default, as from every array of NumPy"


@pytest.mark.lazy  # NumPy gives and takes none
def test_dlpack_both_ways() -> None:
    import jax

    x = nd.array([1.5, -2], dtype="bfloat16")
    theirs = jax.numpy.from_dlpack(x * 2)
    assert theirs.dtype == BFLOAT16 and theirs.tolist() == [3, -4]
    for source in (theirs, x * 2, (x * 2).to_dlpack_for_read()):
        ours = nd.from_dlpack(source)
        assert ours.dtype is x.dtype and (ours + 1).astype("float32").asnumpy().tolist() == [4, -3]
    with pytest.raises(MXNetError, match=r"(?s)to_dlpack_for_read.*bfloat16\[2\]"):
        x.to_dlpack_for_write()


def test_casts_of_names_as_text() -> None:
    x = nd.ones((2,))
    assert nd.Cast(x, dtype="bfloat16").dtype is nd.cast(x, "bfloat16").dtype is ml_dtypes.bfloat16
    assert nd.one_hot(x, 3, dtype="bfloat16").dtype is nd.zeros_like(x.astype("bfloat16")).dtype is ml_dtypes.bfloat16
    assert nd.softmax(x, dtype="bfloat16").dtype is ml_dtypes.bfloat16
