"""NumPy's functions of our arrays: recorded where an operator does the same, else NumPy's own answer."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.nd import array_function
from lazynd.runtime.tell.stats import stats

VALUES = np.array([[3, 1, 2], [6, 5, 4]], "float32")
#: Calls of NumPy's functions that are recorded; in a second one the arrays are NumPy's.
RECORDED = [
    "np.sum(x)", "np.sum(x, axis=1)", "np.sum(x, 0)", "np.mean(x)", "np.mean(x, axis=(0, 1), keepdims=True)",
    "np.mean(x, axis=0, dtype=None, out=None)", "np.prod(x, axis=1)", "np.max(x)", "np.max(i, axis=1)",
    "np.min(x, axis=0)", "np.amax(x, axis=0)", "np.amin(x)", "np.transpose(x)", "np.transpose(x, (1, 0))",
    "np.transpose(t, axes=(2, 0, 1))", "np.swapaxes(t, 0, 2)", "np.expand_dims(x, 1)", "np.expand_dims(x, -1)",
    "np.squeeze(t)", "np.squeeze(t, axis=0)", "np.reshape(x, (3, 2))", "np.reshape(x, -1)", "np.reshape(x, (-1, 1))",
    "np.broadcast_to(v, (2, 3))", "np.flip(x)", "np.flip(x, 1)", "np.flip(x, (0, 1))", "np.concatenate([x, x])",
    "np.concatenate((x, x), axis=1)", "np.stack([x, x])", "np.stack([x, x, x], axis=-1)", "np.where(x > 2, x, x + 1)",
    "np.dot(x, x.T)", "np.clip(x, 2, 3)", "np.zeros_like(x)", "np.ones_like(i)",
]  # fmt: skip
#: Calls that no operator answers alike: other dtypes, other parameters, other meanings.
COPIED = [
    "np.sum(i)", "np.mean(i)", "np.mean(x, dtype='float64')", "np.mean(x, where=np.asarray(x) > 2)", "np.sum(e)",
    "np.std(x)", "np.median(x)", "np.sort(x)", "np.argmax(x, axis=1)", "np.argsort(v)", "np.reshape(x, (3, 2), 'F')",
    "np.reshape(e, (0, 3))", "np.concatenate([x, np.ones((1, 3))])", "np.concatenate([x, i])", "np.vstack([v, v])",
    "np.concatenate([x, x], axis=None)", "np.dot(v, v)", "np.clip(x, None, 3)", "np.zeros_like(x, dtype='int8')",
    "np.round(x + 0.25)", "np.linalg.norm(x)", "np.allclose(x, x)", "np.array_equal(x, x + 1)", "np.cumsum(x)",
    "np.einsum('ij->j', x)", "np.where(x > 2)", "np.where(v > 2, x, 0)", "np.split(v, 3)", "np.histogram(v, 3)",
    "np.expand_dims(x, (0, 1))",
]  # fmt: skip


def arguments() -> dict[str, Any]:
    values = {"x": VALUES, "v": VALUES[0], "i": VALUES.astype("int32"), "t": VALUES[None], "e": VALUES[:0]}
    return {name: nd.array(value, dtype=value.dtype) for name, value in values.items()}


def evaluate(code: str, names: dict[str, Any]) -> Any:
    return eval(code, {"np": np, **names})


def as_numpy(found: Any) -> list[Any]:
    listed = list(found) if isinstance(found, list | tuple) else [found]
    return [each.asnumpy() if isinstance(each, nd.NDArray) else np.asarray(each) for each in listed]


def expected(code: str) -> list[Any]:
    return as_numpy(evaluate(code, {name: array.asnumpy() for name, array in arguments().items()}))


def check(found: Any, wanted: list[Any]) -> None:
    """Values and dtypes; the shape is (1,) where NumPy has a scalar and MXNet has none. Sums of six are exact."""
    for one, other in zip(as_numpy(found), wanted, strict=True):
        assert one.dtype == other.dtype and one.shape in (other.shape, other.shape or (1,))
        np.testing.assert_array_equal(one.reshape(other.shape), other)


@pytest.mark.lazy
@pytest.mark.parametrize("code", RECORDED)
def test_what_maps_is_recorded(code: str) -> None:
    names = arguments()
    nd.waitall()
    forces = stats.forces
    found = evaluate(code, names)
    assert type(found) is nd.NDArray and stats.forces == forces
    check(found, expected(code))


@pytest.mark.parametrize("code", COPIED)
def test_else_it_is_numpys_own_answer(code: str) -> None:
    found = evaluate(code, arguments())
    assert not isinstance(found, nd.NDArray)
    check(found, expected(code))


@pytest.mark.lazy
def test_what_an_array_is_needs_no_values() -> None:
    x = arguments()["x"] + 1
    forces = stats.forces
    assert (np.shape(x), np.ndim(x), np.size(x), np.size(x, 1)) == ((2, 3), 2, 6, 3) or stats.forces > forces
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((2, 3), 2, 6)


def test_gradients_pass_through() -> None:
    x = nd.array([1, 2, 3])
    x.attach_grad()
    with autograd.record():
        y = np.mean(np.concatenate([x * x, x]))
    y.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), (2 * np.arange(1, 4) + 1) / 6, rtol=1e-6)  # one division each


@pytest.mark.lazy
def test_the_line_is_the_users() -> None:
    shown = lazynd.viz.text(np.transpose(nd.ones((2, 3)) * 2))
    assert all("test_array_function.py" in line for line in shown.splitlines() if line.startswith("  %"))
    with pytest.raises(lazynd.MXNetError, match=r"(?s)\[mean\].*at .*test_array_function\.py"):
        np.mean(nd.ones((2, 3)), axis=5)


WRITING = [
    "np.put(x, 0, 1)", "np.copyto(x, 1)", "np.fill_diagonal(x, 1)", "np.putmask(x, x, 1)", "np.mean(x, axis=0, out=v)",
]  # fmt: skip


@pytest.mark.parametrize("code", WRITING)
def test_nothing_is_written_to_a_copy(code: str) -> None:
    names = arguments()
    with pytest.raises(TypeError, match=r"(?s)\[numpy\.\w+\] it would write to a copy.*at <string>:1"):
        evaluate(code, names)
    for name, array in arguments().items():
        assert (names[name].asnumpy() == array.asnumpy()).all()


def test_our_arrays_may_be_written_to_numpys() -> None:
    target = np.zeros((2, 3), "float32")
    np.copyto(target, arguments()["x"])
    assert (target == VALUES).all()
    assert np.add.reduce(arguments()["x"].asnumpy(), out=np.zeros(3, "float32")).tolist() == [9, 6, 6]


def test_arrays_with_numpys_rules_stay_such() -> None:
    x = lazynd.np.array(VALUES)
    for code in ("np.mean(x)", "np.sum(x, axis=0)", "np.max(x, keepdims=True)", "np.concatenate([x, x])",
                 "np.stack([x, x], axis=1)", "np.dot(x, x.T)"):  # fmt: skip
        found = evaluate(code, {"x": x})
        assert type(found) is lazynd.np.ndarray
        np.testing.assert_array_equal(found.asnumpy(), evaluate(code, {"x": VALUES}))
        assert found.shape == np.shape(evaluate(code, {"x": VALUES}))
    assert np.std(x).shape == () and np.mean(x, dtype="float64").dtype == np.float64


def test_every_mapping_has_numpys_parameters() -> None:
    for function, ours in array_function._OURS.items():
        theirs = inspect.signature(function).parameters
        assert set(inspect.signature(ours).parameters) <= set(theirs), function.__name__
    assert len(array_function._OURS) > 20
