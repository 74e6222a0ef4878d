"""Wrong calls: MXNet's class; operator, types and the user's line in the text; nothing forced, nothing changed."""

from __future__ import annotations

import collections
import re
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, nd
from lazynd.runtime.tell.stats import stats

from .bad_calls import ROWS

FILE = "wrong_calls.py"
KINDS = ("shape", "dtype", "axis", "context", "type", "value", "keyword")


def arrays() -> dict[str, Any]:
    rng = np.random.default_rng(7)
    made = {
        "a": nd.array(rng.random((2, 3))),
        "b": nd.array(rng.random((2, 4))),
        "v": nd.array(rng.random(3)),
        "t": nd.array(rng.random((2, 3, 4))),
        "i": nd.array(rng.integers(0, 9, (2, 3)), dtype="int32"),
        "h": nd.array(rng.random((2, 3)), dtype="float64"),
        "one": nd.array(rng.random(1)),
    }
    return made


def refused(number: int, names: dict[str, Any]) -> Exception:
    """What row ``number`` raises, as line ``number + 1`` of a file."""
    code = compile("\n" * number + ROWS[number][1], FILE, "exec")
    try:
        exec(code, {"mx": lazynd, "nd": nd, "autograd": autograd, **names})
    except Exception as error:
        return error
    raise AssertionError(f"{ROWS[number][1]} was not refused")


def mentions(text: str, fragment: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(fragment)}(?!\w|\.\d)", text) is not None


def test_the_table_covers_every_kind() -> None:
    found = collections.Counter(kind for kind, _, _, _ in ROWS)
    assert set(found) == set(KINDS)
    assert min(found.values()) >= 5 and sum(found.values()) >= 60
    assert len({code for _, code, _, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize("recording", [False, True], ids=["plain", "recording"])
@pytest.mark.parametrize("number", range(len(ROWS)), ids=[f"{kind}: {code}" for kind, code, _, _ in ROWS])
def test_wrong_call(number: int, recording: bool) -> None:
    _, _, expected, fragments = ROWS[number]
    names = arrays()
    before = {name: array.asnumpy() for name, array in names.items()}
    w = nd.array([2.0, 3.0])
    w.attach_grad()
    with autograd.record() if recording else autograd.pause():
        y = w * w
        forces = stats.forces
        error = refused(number, names)
        # In eager mode operands such as h.T run at once.
        assert stats.forces == forces or lazynd.config.eager, "a wrong call forces nothing"
        z = (y * 3).sum()
    assert type(error).__name__ == expected, error
    text = str(error)
    for fragment in (*fragments, f"{FILE}:{number + 1}"):
        assert mentions(text, fragment), f"{fragment!r} is missing in\n{text}"
    for name, array in names.items():
        now = array.asnumpy()
        assert now.dtype == before[name].dtype and now.tobytes() == before[name].tobytes(), name
    if recording:
        z.backward()
        assert w.grad.asnumpy().tolist() == [12.0, 18.0]


def test_in_place_errors_name_the_line() -> None:
    x = nd.ones((2,))
    x.attach_grad()
    with autograd.record():
        y = x * 2
        for code in ("x += 1", "x[:] = 1", "x[0] = 1", "y *= 2", "nd.exp(x, out=y)"):
            with pytest.raises(lazynd.MXNetError, match="Inplace operations") as caught:
                exec(compile("\n\n" + code, FILE, "exec"), {"nd": nd, "x": x, "y": y})
            assert mentions(str(caught.value), f"{FILE}:3") and "float32[2]" in str(caught.value)
    y.backward()
    assert x.grad.asnumpy().tolist() == [2.0, 2.0]


def test_errors_of_user_code_pass_unchanged() -> None:
    class Broken(autograd.Function):
        def forward(self, x: Any) -> Any:
            return x * 2

        def backward(self, dy: Any) -> Any:
            raise ValueError("mine")

    x = nd.ones((2,))
    x.attach_grad()
    with autograd.record():
        y = Broken()(x)
    with pytest.raises(ValueError, match=r"^mine$"):
        y.backward()
