"""Pickles by real MXNet: ``PYTHON_WITH_MXNET tools/make_pickle_fixtures.py`` writes ``tests/data/pickles.json``.

It holds pickles in base64 by what they hold and by protocol; ``tests/nd/test_state.py`` says which values they have.
"""

from __future__ import annotations

import base64
import json
import pathlib
import pickle
from typing import Any

import mxnet as mx  # type: ignore[import-not-found]  # the real one
from mxnet import nd

FILE = pathlib.Path(__file__).parents[1] / "tests" / "data" / "pickles.json"


def plain() -> dict[str, Any]:
    """What is pickled with MXNet's own shapes."""
    one, matrix = nd.ones(2), nd.array([[0, 1], [0, 2]])
    return {
        "f32": nd.array([[1.5, 2], [3, 4]]),
        "f64": nd.array([0.1], dtype="float64"),
        "f16": nd.array([1, 2], dtype="float16"),
        "u8": nd.array([7], dtype="uint8"),
        "i32": nd.array([1, 2, 3], dtype="int32"),
        "i64": nd.array([[2**40]], dtype="int64"),
        "list": [nd.ones(2), {"a": nd.zeros((1, 2))}],
        "shared": [one, one],
        "csr": matrix.tostype("csr"),
        "row_sparse": matrix.tostype("row_sparse"),
    }


def numpy_shapes() -> dict[str, Any]:
    """What is pickled with NumPy's shapes."""
    return {"s": mx.np.array(2.5).as_nd_ndarray(), "np": mx.np.arange(3), "nps": mx.np.array(2.5)}


def pickled(value: Any) -> dict[str, str]:
    return {str(protocol): base64.b64encode(pickle.dumps(value, protocol)).decode() for protocol in (0, 2, 4)}


if __name__ == "__main__":
    made = {name: pickled(value) for name, value in plain().items()}
    mx.npx.set_np()
    made |= {name: pickled(value) for name, value in numpy_shapes().items()}
    FILE.write_text(json.dumps(made, indent=1) + "\n")
