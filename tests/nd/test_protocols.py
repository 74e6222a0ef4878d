"""What Python and NumPy expect of an array: conversions, copies, pickles, iteration, printing, waiting."""

from __future__ import annotations

import copy
import inspect
import operator
import pickle
import re
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd
from lazynd.ops import find
from lazynd.runtime.tell.stats import stats

from ..backends.fake import FakeBackend


def test_single_elements_convert() -> None:
    x = nd.array([2.75])
    assert (float(x), int(x), x.item(), complex(x)) == (2.75, 2, 2.75, 2.75 + 0j)
    assert type(x.item()) is float and type(x.asscalar()) is np.float32
    assert operator.index(nd.array([3], dtype="int8")) == 3
    assert list(range(9))[nd.array([4], dtype="int64")] == 4
    assert f"{x.asscalar():.1f}" == "2.8" and "%.1f" % x == "2.8"  # noqa: UP031 - it asks for float
    with pytest.raises(TypeError, match="integer arrays"):
        operator.index(x)
    for convert in (float, int):
        with pytest.raises(TypeError, match="one element"):
            convert(nd.ones((2,)))


def test_methods_of_operators_are_on_the_class() -> None:
    class Counted(nd.NDArray):
        def sum(self, axis: int) -> nd.NDArray:
            return super().sum(axis=axis) + 1

    x = nd.array([[-1, 2], [3, -4]])
    assert nd.NDArray.abs(x).asnumpy().tolist() == [[1, 2], [3, 4]]
    assert [each.asnumpy().tolist() for each in map(nd.NDArray.flip, [x], [1])] == [[[2, -1], [-4, 3]]]
    assert Counted(x._cell).sum(0).asnumpy().tolist() == [3, -1]
    assert isinstance(inspect.getattr_static(nd.NDArray, "softmax").__doc__, str) and hasattr(nd.NDArray, "softmax")
    with pytest.raises(AttributeError):
        nd.NDArray.no_such_operator


@pytest.mark.parametrize("method", ["expand_dims", "squeeze", "flatten"])
def test_a_copy_or_in_place(method: str) -> None:
    x = nd.array([[1, 2, 3]])
    given = {"expand_dims": {"axis": 0}, "squeeze": {"axis": 0}}.get(method, {})
    copied, seen = getattr(x, method)(**given), getattr(x, method)(**given, inplace=True)
    x[:] = 7
    assert copied.shape == seen.shape and copied.asnumpy().ravel().tolist() == [1, 2, 3]
    assert seen.asnumpy().ravel().tolist() == [7, 7, 7]
    seen[:] = 5
    assert x.asnumpy().tolist() == [[5, 5, 5]]


def test_parts_without_elements() -> None:
    x = nd.arange(6)
    x.attach_grad()
    with autograd.record():
        parts = nd.split_v2(x, (0, 3, 3))
        y = (parts[1] * 2).sum() + parts[3].sum()
    y.backward()
    assert [part.shape for part in parts] == [(0,), (3,), (0,), (3,)]
    assert x.grad.asnumpy().tolist() == [2, 2, 2, 1, 1, 1]
    assert nd.split_v2(x, ()).shape == (6,)
    with pytest.raises(MXNetError, match="ascend"):
        nd.split_v2(x, (3, 2))


def test_truth_is_of_one_element() -> None:
    assert nd.array([3]) and not nd.array([0])
    with pytest.raises(ValueError, match="ambiguous"):
        bool(nd.ones((2,)))


def test_numpy_takes_values_at_once() -> None:
    x = nd.array([[1, 2], [3, 4]], dtype="int32")
    found = np.asarray(x)
    assert found.dtype == np.int32 and found.shape == (2, 2)
    assert np.array(x, dtype="float64").dtype == np.float64
    assert np.stack([x, x]).shape == (2, 2, 2)
    np.testing.assert_array_equal(x, [[1, 2], [3, 4]])
    assert np.allclose(nd.exp(x.astype("float32")), np.exp(found), rtol=1e-6)


def test_numpy_is_told_that_it_gets_a_copy() -> None:
    x = nd.ones((2,))
    assert x.__array__(copy=True).tolist() == [1, 1]
    with pytest.raises(ValueError, match="copy"):
        x.__array__(copy=False)


@pytest.mark.parametrize("shapes", [((3, 2), (3.0, 2)), ((1, 6), (True, 6))])
def test_what_is_refused_does_not_depend_on_what_came_before(shapes: Any) -> None:
    x = nd.zeros((6,))
    right, equal = shapes
    expected = None
    for _ in range(2):
        try:
            made: Any = nd.reshape(x, shape=equal).shape
        except MXNetError as error:
            made = type(error)
        assert expected in (None, made)
        expected = made
        assert nd.reshape(x, shape=right).shape == right


def test_asnumpy_is_private_and_writable() -> None:
    x = nd.zeros((2,))
    found = x.asnumpy()
    found[:] = 5
    assert x.asnumpy().tolist() == [0.0, 0.0]
    source = np.ones(3, "float32")
    y = nd.array(source)
    source[:] = 7
    assert y.asnumpy().tolist() == [1.0, 1.0, 1.0]


def test_an_array_comes_before_numpys() -> None:
    x = nd.array([1.0, 2.0])
    with pytest.raises(TypeError):
        np.ones(2, "float32") + x
    assert type(np.float32(2) * x) is nd.NDArray and (np.float32(2) * x).asnumpy().tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    "clone", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), lambda x: x.copy()]
)
@pytest.mark.parametrize("dtype", ["float32", "int64", "float16", "bool"])
def test_copies_share_nothing(clone: object, dtype: str) -> None:
    x = nd.array([[1, 0, 3]], dtype=dtype, ctx=lazynd.cpu(1))
    made = clone(x)  # type: ignore[operator]  # a function
    assert (made.shape, made.dtype, made.context) == (x.shape, x.dtype, x.context)
    x[:] = 0
    assert made.asnumpy().tolist() == np.array([[1, 0, 3]], dtype).tolist()


CLONES = [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]


@pytest.mark.parametrize("clone", CLONES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_view_pickles_as_what_it_shows(clone: Any, protocol: int) -> None:
    x = nd.arange(6).reshape((2, 3))
    assert pickle.loads(pickle.dumps(x[1], protocol)).asnumpy().tolist() == [3.0, 4.0, 5.0]
    assert clone(x[1]).asnumpy().tolist() == [3.0, 4.0, 5.0]


@pytest.mark.parametrize("clone", CLONES)
def test_copies_keep_values_and_no_history(clone: Any) -> None:
    x = nd.array([1, 2])
    x.attach_grad()
    with autograd.record():
        y = x * x
        pending = y * 3
    y.backward()
    for array, values in ((x, [1, 2]), (y, [1, 4]), (pending, [3, 12]), (x.grad, [2, 4]), (x[1:], [2])):
        made = clone(array)
        assert made.asnumpy().tolist() == values and made.grad is None
        with pytest.raises(MXNetError, match="not in a computational graph"):
            made.backward()
    whole = clone({"a": x, "b": [x, y]})
    assert whole["b"][1].asnumpy().tolist() == [1, 4]


@pytest.mark.parametrize("clone", CLONES)
def test_copies_keep_their_class(clone: Any) -> None:
    for array in (lazynd.np.array([[1, 2]]), nd.sparse.zeros("csr", (2, 2)), nd.sparse.zeros("row_sparse", (2, 2))):
        made = clone(array)
        assert type(made) is type(array) and made.asnumpy().tolist() == array.asnumpy().tolist()


def test_a_pickle_of_a_gpu_array_needs_the_gpu(two_gpus: FakeBackend) -> None:
    pickled = pickle.dumps(nd.array([1, 2], ctx=lazynd.gpu(1)))
    assert pickle.loads(pickled).context is lazynd.gpu(1)
    two_gpus.gpus = 1
    with pytest.raises(MXNetError, match=r"(?s)there is no gpu\(1\): 1 GPUs.*test_protocols\.py"):
        pickle.loads(pickled)


def test_iteration_gives_views() -> None:
    x = nd.zeros((2, 2))
    for row in x:
        row[:] = 1
    assert x.asnumpy().tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert len(x) == 2 and len(list(x)) == 2
    with pytest.raises(IndexError, match="no length"):  # as in MXNet
        len(nd.array(3))


def test_membership_compares_elements() -> None:
    x = nd.array([1, 2, 3])
    assert 2 in x and 5 not in x and 2.5 not in x and x[1] in x
    assert 1 in nd.array([[1], [2]]) and x in [x] and 1 not in nd.array([])
    with pytest.raises(ValueError, match="ambiguous"):
        assert 1 in nd.array([[1, 2]])


def test_formatting_is_printing() -> None:
    x = nd.array([1.5])
    assert format(x) == f"{x}" == str(x) == "\n[1.5]\n<NDArray 1 @cpu(0)>"
    with pytest.raises(TypeError, match="format"):
        format(x, ".2f")
    assert f"{x.asscalar():.2f} {x.item():.2f}" == "1.50 1.50"


def test_arrays_are_told_apart_by_identity_in_sets() -> None:
    x, y = nd.ones((1,)), nd.ones((1,))
    assert len({x, y, x}) == 2 and {x: 1}[x] == 1


@pytest.mark.parametrize(
    ("array", "shown"),
    [
        (lambda: nd.array([[1, 2]]), "\n[[1. 2.]]\n<NDArray 1x2 @cpu(0)>"),
        (lambda: nd.array([1], dtype="int32", ctx=lazynd.cpu(1)), "\n[1]\n<NDArray 1 @cpu(1)>"),
        (lambda: nd.array([2**24 + 1]), "\n[16777216.]\n<NDArray 1 @cpu(0)>"),
        (lambda: nd.array([]), "\n[]\n<NDArray 0 @cpu(0)>"),
        (lambda: nd.array(3), "\n3.0\n<NDArray  @cpu(0)>"),
    ],
)
def test_printing(array: object, shown: str) -> None:
    made = array()  # type: ignore[operator]  # a function
    assert repr(made) == str(made) == shown


def test_printing_changes_nothing() -> None:
    x = nd.ones((2,))
    x.attach_grad()
    with autograd.record():
        y = x * 3
        before = str(y)
        z = (y * y).sum()
    assert str(y) == before
    z.backward()
    assert x.grad.asnumpy().tolist() == [18.0, 18.0]


@pytest.mark.lazy
def test_shapes_need_no_value() -> None:
    forces = stats.forces
    y = nd.dot(nd.ones((2, 3)), nd.ones((3, 4)))
    assert (y.shape, y.size, y.ndim, len(y), y.dtype, str(y.context)) == ((2, 4), 8, 2, 2, np.float32, "cpu(0)")
    assert y.T.shape == (4, 2) and y[0].shape == (4,) and y.reshape((-1,)).shape == (8,)
    assert stats.forces == forces


def test_waiting_computes() -> None:
    x = nd.ones((2,)) * 3
    x.wait_to_read()
    runs = stats.runs
    assert x.asnumpy().tolist() == [3.0, 3.0] and stats.runs == runs
    y = nd.ones((2,)) * 4
    nd.waitall()
    runs = stats.runs
    assert y.asnumpy().tolist() == [4.0, 4.0] and stats.runs == runs


def test_matmul_is_a_matrix_product() -> None:
    a, b = nd.arange(6).reshape((2, 3)), nd.arange(12).reshape((3, 4))
    np.testing.assert_array_equal((a @ b).asnumpy(), a.asnumpy() @ b.asnumpy())
    t = nd.arange(12).reshape((2, 3, 2))
    u = nd.arange(12).reshape((2, 2, 3))
    np.testing.assert_array_equal((t @ u).asnumpy(), t.asnumpy() @ u.asnumpy())


PUBLIC = sorted(
    n for n in dir(nd) if not n.startswith("_") and callable(getattr(nd, n)) and not isinstance(getattr(nd, n), type)
)


@pytest.mark.parametrize("name", PUBLIC)
def test_functions_have_real_signatures_and_docstrings(name: str) -> None:
    function = getattr(nd, name)
    assert (function.__doc__ or "").strip()
    kinds = {p.kind: p.name for p in inspect.signature(function).parameters.values()}
    operator_ = find(name)
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        assert name == "Custom" or (operator_ is not None and operator_.variadic)
    if inspect.Parameter.VAR_KEYWORD in kinds:
        assert name in ("Custom", "zeros", "ones", "eye"), "MXNet's own take any"


def test_methods_are_functions_of_the_array() -> None:
    x = nd.array([[1.0, -2.0], [3.0, 4.0]])
    for name in ("exp", "abs", "square", "relu", "sum", "mean", "argmax", "flatten", "zeros_like"):
        assert np.array_equal(getattr(x, name)().asnumpy(), getattr(nd, name)(x).asnumpy())
        shown = str(inspect.signature(getattr(x, name)))
        assert re.search(r"\*\w", shown) is None or "*," in shown
    with pytest.raises(AttributeError, match="no attribute 'no_such'"):
        x.no_such


def test_contexts() -> None:
    assert str(lazynd.cpu()) == "cpu(0)" and lazynd.cpu() is lazynd.cpu(0) is not lazynd.cpu(1)
    assert str(lazynd.gpu(3)) == "gpu(3)" and lazynd.gpu(3).device_typeid == 2
    assert lazynd.num_gpus() == lazynd.context.num_gpus() >= 0
    with lazynd.cpu(2):
        assert lazynd.current_context() is lazynd.cpu(2) and nd.ones((1,)).context is lazynd.cpu(2)
    assert nd.ones((1,)).context is lazynd.cpu(0)
    mixed = nd.ones((2,)) + nd.ones((2,), ctx=lazynd.cpu(1))
    assert mixed.context is lazynd.cpu(0) and mixed.asnumpy().tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    "make",
    [
        lambda gpu: nd.ones((1,), ctx=gpu), lambda gpu: nd.zeros((1,), ctx=gpu), lambda gpu: nd.full((1,), 1, ctx=gpu),
        lambda gpu: nd.empty((1,), ctx=gpu), lambda gpu: nd.array([1], ctx=gpu), lambda gpu: nd.arange(3, ctx=gpu),
        lambda gpu: nd.eye(2, ctx=gpu), lambda gpu: nd.linspace(0, 1, 3, ctx=gpu),
        lambda gpu: nd.random.uniform(ctx=gpu), lambda gpu: nd.random.randint(0, 3, ctx=gpu),
        lambda gpu: nd.ones((1,)).as_in_context(gpu), lambda gpu: nd.ones((1,)).copyto(gpu),
        lambda gpu: nd.sparse.zeros("csr", (2, 2), ctx=gpu), lambda gpu: lazynd.np.ones((1,), ctx=gpu),
    ],
)  # fmt: skip
def test_a_gpu_that_is_not_there_is_refused_at_the_line(make: Any) -> None:
    absent = lazynd.gpu(lazynd.num_gpus())
    with pytest.raises(MXNetError, match=r"(?s)there is no gpu.*GPUs were found.*test_protocols\.py"):
        make(absent)


def test_the_default_context_must_be_there() -> None:
    with lazynd.gpu(lazynd.num_gpus()):
        for make in (lambda: nd.ones((1,)), nd.random.uniform, lambda: nd.array([1])):
            with pytest.raises(MXNetError, match="there is no gpu"):
                make()


def test_every_cpu_is_the_host() -> None:
    """As in MXNet, whose results are on the context of the first input, or that of ``out``."""
    one, other = lazynd.cpu(0), lazynd.cpu(1)
    a, b = nd.ones((2, 2)), nd.ones((2, 2), ctx=other) * 3
    for made in (a + b, nd.dot(a, b), nd.concat(a, b, dim=0), nd.stack(a, b), nd.add_n(a, b), nd.where(a, b, b)):
        assert made.context is one
    for made in (b - a, nd.maximum(b, a), nd.broadcast_mul(b, a), nd.elemwise_add(a, a, out=b)):
        assert made.context is other
    assert b.asnumpy().tolist() == [[2.0] * 2] * 2
    a[:] = b
    b[0] = nd.zeros((2,))
    a += b
    assert (a.context, b.context) == (one, other)
    assert a.asnumpy().tolist() == [[2.0, 2.0], [4.0, 4.0]]
    assert nd.relu(b, out=nd.zeros((2, 2))).context is one
    assert nd.ones(3)[nd.array([1], ctx=other)].context is one


def test_gradients_stay_on_their_context() -> None:
    x, y = nd.ones((1,), ctx=lazynd.cpu(1)), nd.ones((1,))
    x.attach_grad()
    y.attach_grad()
    with autograd.record():
        z = x * y * 3
    z.backward()
    assert [(g.context, g.asscalar()) for g in (x.grad, y.grad)] == [(lazynd.cpu(1), 3.0), (lazynd.cpu(0), 3.0)]


def test_an_operator_writes_to_what_it_was_given() -> None:
    """Not to a copy of it on the context of the others."""
    w, momentum = nd.ones((2,)), nd.ones((2,), ctx=lazynd.cpu(1)) * 3
    nd.sgd_mom_update(w, w, momentum, lr=1, momentum=1)
    assert (momentum.context, momentum.asnumpy().tolist()) == (lazynd.cpu(1), [2.0, 2.0])
