"""Pickles that MXNet 1.9.1 wrote (``tools/make_pickle_fixtures.py``), and the state of an array in them."""

from __future__ import annotations

import base64
import io
import json
import pathlib
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import MXNetError, autograd, nd

FILE = pathlib.Path(__file__).parent.parent / "data" / "pickles.json"
PICKLES = {name: {int(p): base64.b64decode(text) for p, text in found.items()}
           for name, found in json.loads(FILE.read_text()).items()}  # fmt: skip

#: Values and dtypes of the arrays.
HELD: dict[str, tuple[Any, str]] = {
    "f32": ([[1.5, 2], [3, 4]], "float32"),
    "f64": ([0.1], "float64"),
    "f16": ([1, 2], "float16"),
    "u8": ([7], "uint8"),
    "i32": ([1, 2, 3], "int32"),
    "i64": ([[2**40]], "int64"),
    "s": (2.5, "float32"),
    "np": ([0, 1, 2], "float32"),
    "nps": (2.5, "float32"),
}


class Unpickler(pickle.Unpickler):
    """Finds MXNet's classes here, as ``lazynd.as_mxnet`` does for the whole process."""

    def find_class(self, module: str, name: str) -> Any:
        places = {"mxnet.ndarray.ndarray": nd, "mxnet.ndarray.sparse": nd.sparse, "mxnet.numpy": lazynd.np}
        return getattr(places[module], name) if module in places else super().find_class(module, name)


def unpickled(content: bytes) -> Any:
    return Unpickler(io.BytesIO(content)).load()


@pytest.mark.parametrize(("name", "protocol"), [(n, p) for n in HELD for p in PICKLES[n]])
def test_arrays_that_mxnet_pickled(name: str, protocol: int) -> None:
    values, dtype = HELD[name]
    x = unpickled(PICKLES[name][protocol])
    assert type(x) is (lazynd.np.ndarray if name.startswith("np") else nd.NDArray)
    assert x.dtype == np.dtype(dtype) and x.context == lazynd.cpu(0)
    assert x.asnumpy().tolist() == values
    with lazynd.np_shape():
        assert (x + 1).shape == np.shape(values)


def test_structures_of_arrays_that_mxnet_pickled() -> None:
    for content in PICKLES["list"].values():
        ones, named = unpickled(content)
        assert ones.asnumpy().tolist() == [1, 1] and named["a"].asnumpy().tolist() == [[0, 0]]
    for content in PICKLES["shared"].values():
        one, same = unpickled(content)
        assert one is same


@pytest.mark.parametrize("name", ["csr", "row_sparse"])
def test_sparse_arrays_that_mxnet_pickled_are_refused(name: str) -> None:
    with pytest.raises(MXNetError, match=f"the array is {name}, and sparse arrays are not read"):
        unpickled(PICKLES[name][2])


def test_a_program_that_imports_mxnet_reads_its_pickles(tmp_path: pathlib.Path) -> None:
    (tmp_path / "old.pickle").write_bytes(PICKLES["list"][4])
    (tmp_path / "program.py").write_text(
        "import pickle\nwith open('old.pickle', 'rb') as file:\n    print(pickle.load(file)[0].sum().asscalar())\n"
    )
    run = subprocess.run([sys.executable, "-m", "lazynd.as_mxnet", "program.py"], cwd=tmp_path, text=True,
                         capture_output=True, check=True)  # fmt: skip
    assert run.stdout == "2.0\n"


@pytest.mark.parametrize("name", [n for n in HELD if not n.startswith("np")])
def test_the_state_of_an_array_is_that_of_mxnet(name: str) -> None:
    values, dtype = HELD[name]
    content = PICKLES[name][2]
    state = nd.array(values, dtype=dtype).__getstate__()
    assert list(state) == ["handle"] and type(state["handle"]) is bytearray
    assert bytes(state["handle"]).decode("latin1").encode() in content, "protocol 2 writes bytes as text"


@pytest.mark.parametrize("kind", [bytearray, bytes, memoryview])
def test_a_state_replaces_what_an_array_is(kind: Any) -> None:
    x, y = nd.array([[1, 2], [3, 4]], dtype="int32"), nd.zeros(3)
    y.attach_grad()
    other = y.detach()
    y.__setstate__({"handle": kind(x.__getstate__()["handle"])})
    assert y.dtype == np.int32 and y.asnumpy().tolist() == [[1, 2], [3, 4]] and y.grad is None
    y[:] = 7
    assert x.asnumpy().tolist() == [[1, 2], [3, 4]] and other.asnumpy().tolist() == [0, 0, 0]
    made = nd.NDArray(None)
    made.__setstate__(nd.arange(2).__getstate__())
    made.attach_grad()
    with autograd.record():
        loss = (made * made).sum()
    loss.backward()
    assert made.grad.asnumpy().tolist() == [0, 2]


@pytest.mark.parametrize("handle", [b"", b"abc", b"abc" * 40, b"\xc9\xfa\x93\xf9" + b"\0" * 8])
def test_damaged_states_are_refused_and_the_array_stays(handle: bytes) -> None:
    x = nd.ones(2)
    with pytest.raises(MXNetError, match=r"\[setstate\] at byte \d+ of \d+: "):
        x.__setstate__({"handle": bytearray(handle)})
    assert x.asnumpy().tolist() == [1, 1]
    with pytest.raises(KeyError, match="handle"):
        x.__setstate__({})


def test_an_array_without_a_value_says_so() -> None:
    emptied = nd.ones(2)
    emptied.__setstate__({"handle": None})
    for empty in (nd.NDArray(None), emptied):
        assert empty.__getstate__() == {"handle": None}
        for name in ("shape", "dtype", "context", "size"):
            with pytest.raises(ValueError, match="this NDArray has no value"):
                getattr(empty, name)
