"""Files of arrays from real MXNet: ``PYTHON_WITH_MXNET tools/make_file_fixtures.py`` writes ``tests/data/files``.

``expected.json`` holds what MXNet loads from each: dtype, shape and the elements as hexadecimal bytes. Records of
versions 0 and 1, which MXNet 1.9.1 reads but no longer writes, are made of its own version 2.
"""

from __future__ import annotations

import json
import pathlib
import struct
from typing import Any

import mxnet as mx  # type: ignore[import-not-found]  # the real one
import numpy as np
from mxnet import nd

PLACE = pathlib.Path(__file__).parents[1] / "tests" / "data" / "files"
DTYPES = ("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool")
BFLOAT16 = np.dtype([("bfloat16", np.uint16)])


def special(dtype: str) -> Any:
    """Values at the ends of what ``dtype`` holds."""
    if dtype == "bool":
        return nd.array([[True, False, True]], dtype="bool")
    if dtype.startswith("float"):
        info = np.finfo(dtype)
        return nd.array(np.array([0.0, -0.0, 1.5, np.inf, -np.inf, np.nan, info.max, info.tiny], dtype), dtype=dtype)
    limits = np.iinfo(dtype)
    return nd.array(np.array([[limits.min, limits.max], [1, 0]], dtype), dtype=dtype)


def plain() -> dict[str, Any]:
    """What is saved with MXNet's own shapes, by the name of the file."""
    x = nd.arange(24).reshape((2, 3, 4))
    return {
        "single": x,
        "list": [x, nd.ones((1,)), nd.arange(5, dtype="int32")],
        "dict": {"arg:fc1_weight": x[0], "aux:bn_moving_mean": nd.zeros((4,)), "0.weight": nd.ones((2, 2))},
        "empty_list": [],
        "unicode": {"гамма": nd.ones((1,)), "重み": nd.zeros((2,)), "é 🙂": nd.ones((1,)) * 3, "": nd.ones((1,))},
        "size_0": [nd.array([]), nd.array(np.zeros((2, 0, 3))), nd.ones((1,))],
        "dtypes": {dtype: special(dtype) for dtype in DTYPES},
        "bfloat16": [nd.array([1.5, -2.0, 0.0]).astype(BFLOAT16)],
        "csr": [nd.array([[0, 1], [2, 0]]).tostype("csr")],
        "row_sparse": {"w": nd.array([[0, 0], [2, 0]]).tostype("row_sparse")},
        "scalar_without_shape": [nd.array(3)],
        "cpu_1": [nd.ones((2,), ctx=mx.cpu(1))],
        "many_dimensions": [nd.ones((1, 2, 1, 2, 1, 2, 1, 2))],
    }


def numpy_shapes() -> dict[str, Any]:
    """What is saved with NumPy's shapes."""
    return {
        "np_scalar": {"s": nd.ones(()) * 2.5, "v": nd.arange(3)},
        "np_size_0": [nd.zeros((2, 0, 3)), nd.zeros((0,), dtype="int64")],
        "np_dtypes": {dtype: special(dtype) for dtype in DTYPES},
    }


def older(content: bytes, version: int) -> bytes:
    """A file of one dense record in an earlier version of it."""
    head, (ndim,) = content[:24], struct.unpack_from("<i", content, 32)
    shape = struct.unpack_from(f"<{ndim}q", content, 36)
    rest = content[36 + 8 * ndim :]
    if version == 1:
        return head + struct.pack(f"<Ii{ndim}q", 0xF993FAC8, ndim, *shape) + rest
    return head + struct.pack(f"<I{ndim}I", ndim, *shape) + rest


def shown(array: Any) -> dict[str, Any]:
    values = array.asnumpy()
    name = "bfloat16" if values.dtype == BFLOAT16 else values.dtype.name
    return {"dtype": name, "shape": list(values.shape), "bytes": values.tobytes().hex()}


def expected(path: pathlib.Path) -> Any:
    found = nd.load(str(path))
    return {k: shown(v) for k, v in found.items()} if isinstance(found, dict) else [shown(v) for v in found]


def main() -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {}

    def keep(name: str, data: Any) -> bytes:
        path = PLACE / f"{name}.params"
        if isinstance(data, bytes):
            path.write_bytes(data)
        else:
            nd.save(str(path), data)
        if not name.startswith(("csr", "row_sparse", "scalar_without")):  # no dense arrays, or not even for MXNet
            told[path.name] = expected(path)
        return path.read_bytes()

    for name, data in plain().items():
        keep(name, data)
    single = nd.array([[1, 2, 3], [4, 5, 6]], dtype="int32")
    for version in (0, 1):
        keep(f"version_{version}", older(keep("version_2", single), version))
    with mx.util.np_shape(True):
        for name, data in numpy_shapes().items():
            keep(name, data)
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(told.items()))
    (PLACE / "expected.json").write_text("{\n" + text + "\n}\n", encoding="utf-8")
    print(f"{len(told)} files, {sum(p.stat().st_size for p in PLACE.iterdir())} bytes")


if __name__ == "__main__":
    main()
