"""Scalars on their way into a program: cast on the host by MXNet's rule, every bit arriving."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from lazynd import nd
from lazynd.backends import cast_scalar, get_backend
from lazynd.ir.graph import Graph
from lazynd.ir.node import apply, leaf
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.types import DTYPES, Type

pytestmark = pytest.mark.lazy  # packing is the XLA backend's

BIG = 2**63 - 1
NAN = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000123))[0]  # a nan with a payload
VALUES: dict[str, list[Any]] = {
    "float64": [0.0, -0.0, 1.5, -1e308, 5e-324, float("inf"), -float("inf"), NAN, 0.1, 2**53 + 1],
    "float32": [0.0, -0.0, 1.5, 3.4e38, 1e-45, float("inf"), -float("inf"), float("nan"), 0.1, 16777217, 1e300],
    "float16": [0.0, -0.0, 1.5, 65504, 6e-8, float("inf"), -float("inf"), float("nan"), 0.1, 1e10],
    "int64": [0, 1, -1, BIG, -BIG - 1, BIG + 1, 2**62 + 1, 2.9, -2.9],
    "uint64": [0, 1, 2**64 - 1, 2**63, -1, 2.9],
    "int32": [0, 1, -1, 2**31 - 1, -(2**31), 2.7, -2.7, 2**31, 2**40 + 5, 1e300, NAN],
    "uint32": [0, 1, 2**32 - 1, -1, 2.7],
    "int8": [0, 127, -128, 128, 255, 2.7, -2.7],
    "uint8": [0, 255, 256, -1, 2.7],
    "bool": [False, True, 0, 1],
}


def through(types: list[Type], scalars: list[Any]) -> list[np.ndarray[Any, Any]]:
    """The slots of a program as the program sees them."""
    leaves = [leaf(type) for type in types]
    copies = [apply(PRIMITIVES["stop_gradient"].specialize((n.type,), {}), (n,)) for n in leaves]
    executable, _ = get_backend("xla").compile(Graph(leaves, copies), len(types), (), False)
    return [np.asarray(b) for b in executable([], scalars)]


def test_every_dtype_is_covered() -> None:
    assert set(VALUES) == set(DTYPES)


@pytest.mark.parametrize("dtype", sorted(DTYPES))
def test_the_bits_of_every_value_arrive(dtype: str) -> None:
    values = VALUES[dtype]
    type = Type((), DTYPES[dtype])
    for value, found in zip(values, through([type] * len(values), values), strict=True):
        assert found.shape == () and found.dtype == type.dtype
        assert found.tobytes() == np.asarray(cast_scalar(value, type)).tobytes(), (value, found)


def test_all_dtypes_share_one_packed_input() -> None:
    """Neighbours of one, two and eight bytes do not disturb each other, in any order."""
    for order in (1, -1):
        pairs = [(Type((), DTYPES[d]), v) for d in sorted(DTYPES)[::order] for v in VALUES[d][:3]]
        found = through([t for t, _ in pairs], [v for _, v in pairs])
        for (type, value), each in zip(pairs, found, strict=True):
            assert each.tobytes() == np.asarray(cast_scalar(value, type)).tobytes(), (type, value)


def test_nan_payloads_of_float64_survive() -> None:
    (found,) = through([Type((), DTYPES["float64"])], [NAN])
    assert found.tobytes() == struct.pack("<d", NAN)


@pytest.mark.parametrize("value, dtype, expected", [
    (2.7, "int32", 2), (-2.7, "int32", -2), (2**31, "int32", -(2**31)), (-1, "uint8", 255), (300, "uint8", 44),
    (float("nan"), "int32", -(2**31)), (float("inf"), "int64", -(2**63)), (128, "int8", -128),
    (2**40 + 5, "int32", -(2**31)), (2**40 + 5, "uint8", 0), (2**63, "int64", -(2**63)), (1e9 + 7, "uint8", 7),
    (2**53 + 1, "int64", 2**53 + 1), (2**64 - 1, "uint64", 2**64 - 1), (-1, "uint32", 2**32 - 1),
    (True, "float32", 1.0), (0.1, "float16", np.float16(0.1)), (2.0, "bool", True), (1e300, "float32", np.inf),
])  # fmt: skip
def test_casting_is_that_of_a_double(value: Any, dtype: str, expected: Any) -> None:
    found = cast_scalar(value, Type((), DTYPES[dtype]))
    assert found == expected and np.asarray(found).dtype == DTYPES[dtype]


def test_a_changed_scalar_is_seen_and_a_repeated_one_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = get_backend("xla")
    type = Type((), DTYPES["float32"])
    node = leaf(type)
    graph = Graph([node], [apply(PRIMITIVES["negate"].specialize((type,), {}), (node,))])
    executable, _ = backend.compile(graph, 1, (), False)
    sent = []
    from lazynd.backends import xla

    put = xla.jax.device_put
    monkeypatch.setattr(xla.jax, "device_put", lambda *a, **k: sent.append(a) or put(*a, **k))
    found = [float(executable([], [v])[0]) for v in (1.0, 1.0, 1.0, 0.0, -0.0, -0.0, 2.0)]
    assert str(found) == str([-1.0, -1.0, -1.0, -0.0, 0.0, 0.0, -2.0])
    assert [each[0].view(np.float32).tolist() for each in sent] == [[1.0], [-0.0]]
    assert np.signbit(sent[1][0].view(np.float32)[0]), "0.0 and -0.0 are two"


def test_scalars_of_64_bits_reach_arrays_of_64_bits() -> None:
    assert (nd.array([1], dtype="int64") + (2**53 + 1)).asnumpy().tolist() == [2**53 + 2]
    assert (nd.array([1.0], dtype="float64") * 0.1).asnumpy()[0] == 0.1
