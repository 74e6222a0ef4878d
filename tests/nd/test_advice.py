"""Wrong calls that newcomers make: MXNet's class of error, and what to do in the text."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.nd import mask


def arrays() -> dict[str, Any]:
    return {
        "x": nd.array([[1, 2, 3], [4, 5, 6]]), "v": nd.array([1, 2, 3]), "i": nd.array([[1, 2, 3]], dtype="int32"),
        "d": nd.array([[1], [2], [3]], dtype="float64"), "np": np, "nd": nd, "autograd": autograd, "mx": lazynd,
    }  # fmt: skip


ONE_SHAPE = "the extents of a shape are one argument, as in (2, 3)"
#: What is called, MXNet's class, and the advice.
CALLS = [
    *((f"nd.{name}(2, 3)", "MXNetError", ONE_SHAPE) for name in ("zeros", "ones", "empty")),
    ("nd.ones(2, 3, 4)", "MXNetError", ONE_SHAPE),
    ("nd.full(2, 7, 3)", "MXNetError", ONE_SHAPE),
    ("nd.random.normal(0, 1, 2, 3)", "TypeError", ONE_SHAPE),
    ("nd.zeros((2, 3), 'int32')", "MXNetError", "a dtype is given by name, dtype='int32'"),
    ("nd.ones((2, 3), np.float64)", "MXNetError", "a dtype is given by name, dtype='float64'"),
    ("x.transpose(1, 0)", "AssertionError", "the numbers of axes are one argument, as in (1, 0)"),
    ("nd.transpose(x, 1, 0)", "AssertionError", "the numbers of axes are one argument, as in (1, 0)"),
    ("x.tile(2, 3)", "AssertionError", "the numbers of reps are one argument, as in (2, 3)"),
    ("nd.flip(x, 0, 1)", "AssertionError", "the numbers of axis are one argument, as in (0, 1)"),
    ("x * i", "MXNetError", "make the int32 array float32, as in x.astype('float32')"),
    ("i + x", "MXNetError", "make the int32 array float32, as in x.astype('float32')"),
    ("nd.dot(x, d)", "MXNetError", "make the float32 array float64, as in x.astype('float64')"),
    ("nd.concat(x, i, dim=0)", "MXNetError", "make the int32 array float32"),
    ("nd.stack(x, x.astype('int8'))", "MXNetError", "make the int8 array float32"),
    ("nd.FullyConnected(x, i, no_bias=True, num_hidden=1)", "MXNetError", "make the int32 array float32"),
    ("v + np.ones(3)", "TypeError", "make an array of it first, nd.array(...)"),
    ("np.ones(3) - v", "TypeError", "make an array of it first, nd.array(...)"),
    ("v > [1, 2, 3]", "TypeError", "make an array of it first, nd.array(...)"),
    ("nd.maximum(v, np.ones(3))", "TypeError", "make an array of it first, nd.array(...)"),
    ("nd.exp(np.ones(3))", "AssertionError", "make an array of it first, nd.array(...)"),
    ("nd.dot(x, [[1], [2], [3]])", "AssertionError", "make an array of it first, nd.array(...)"),
    ("nd.array([[1, 2], [3]])", "TypeError", "lists beside each other have 1 and 2 elements"),
    ("nd.array([[[1], [2]], [[3], [4, 5]]])", "TypeError", "lists beside each other have 1 and 2 elements"),
    ("nd.array([1, [2, 3]])", "TypeError", "numbers and lists stand beside each other"),
    ("nd.array([[1, 'a']])", "TypeError", "'a' is no number"),
    ("nd.array([v, v])", "TypeError", "nd.stack and nd.concat join a list of NDArrays"),
    ("x.__setitem__(slice(None), [[1, 2], [3]])", "TypeError", "lists beside each other have 1 and 2 elements"),
    ("v.attach_grad('ad')", "KeyError", "grad_req is 'write', 'add' or 'null', not 'ad'"),
    ("autograd.mark_variables([v], [v.copy()], ['ad'])", "KeyError", "'write', 'add' or 'null', not 'ad'"),
    ("f'{x.sum():.2f}'", "TypeError", "x.asscalar() gives the number to format"),
    ("f'{x:.2f}'", "TypeError", "x.asnumpy() gives the numbers to format"),
    ("round(x.sum(), 2)", "TypeError", "round(x.asscalar(), n) its number"),
    ("round(x)", "TypeError", "x.round() rounds each element"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "kind", "advice"), CALLS, ids=[code for code, _, _ in CALLS])
def test_a_wrong_call_says_what_to_do(code: str, kind: str, advice: str) -> None:
    with pytest.raises(Exception) as caught:
        eval(compile(code, "wrong.py", "eval"), arrays())
    text = str(caught.value)
    assert type(caught.value).__name__ == kind and advice in text and "at wrong.py:1" in text


@pytest.mark.parametrize(
    "code", ["v + None", "v + 'x'", "nd.dot(x, 2)", "nd.round(x, 2)", "nd.dot(x, x)", "nd.zeros((2,), 'tpu')"]
)
def test_no_advice_where_there_is_none(code: str) -> None:
    with pytest.raises(Exception) as caught:
        eval(compile(code, "wrong.py", "eval"), arrays())
    assert not re.search(r"nd\.array\(\.\.\.\)|one argument|astype|by name", str(caught.value))


# ---------------------------------------------------------------------------------------------------------- masks


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The warnings of this test so far, as if none had been given in the process."""
    monkeypatch.setattr(mask, "_told", False)
    yield lambda: [r for r in caplog.records if getattr(r, "event", "") == "mask"]


MASKED = [
    "y[y > 2] = 0", "y[y > 2]",
    # Of what is computed at once nobody knows that it was a product of comparisons.
    pytest.param("y[(y > 1) * (y < 4)] = 0", marks=pytest.mark.lazy),
    "y[nd.logical_not(y)]", "x[x >= 2]", "x[v == 1]",
    "x[nd.array([1, 0]) < nd.array([2, 2])] = 5", "y[nd.logical_and(y > 1, y < 3)]", "y[nd.lesser(y, 3)]",
]  # fmt: skip


@pytest.mark.parametrize("code", MASKED)
def test_a_mask_as_an_index_is_told_once(code: str, warnings: Any) -> None:
    names = {"y": nd.array([1, 2, 3, 4]), "x": nd.ones((2, 3)), "v": nd.array([1, 2]), "nd": nd}
    for _ in range(2):
        exec(compile(code, "masked.py", "exec"), names)
        exec("y[nd.array([3, 2, 1, 0]) > 1]", names)
    (told,) = warnings()
    assert told.levelno == logging.WARNING and told.getMessage().startswith("lazynd: masked.py:1")
    assert "nd.contrib.boolean_mask" in told.getMessage() and "nd.where" in told.getMessage()


def test_what_it_does_is_what_mxnet_does(warnings: Any) -> None:
    y = nd.array([1, 2, 3, 4])
    y[y > 2] = 9
    assert y.asnumpy().tolist() == [9, 9, 3, 4], "positions 0, 0, 1 and 1"
    assert len(warnings()) == 1


POSITIONS = [
    "y[nd.array([0, 1, 1, 0])]", "y[y.argsort()]", "y[y - 1]", "table[y > 2]", "y[nd.array([0, 1]) > 0]",
    "y[nd.random.randint(0, 4, shape=(4,))]", "y[(y > 2) * y]", "y[[0, 1, 2, 3]]", "y[y % 4] = 1",
]  # fmt: skip


@pytest.mark.parametrize("code", POSITIONS)
def test_positions_are_no_masks(code: str, warnings: Any) -> None:
    exec(code, {"y": nd.array([0, 1, 2, 3]), "table": nd.ones((2, 3)), "nd": nd})
    assert not warnings()
