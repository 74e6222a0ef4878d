"""What looks alike is not the same: attributes as keys of specializations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from lazynd.ir.attributes import attribute_key, parse_attribute, print_attribute
from lazynd.ir.primitive import PRIMITIVES, Primitive
from lazynd.ir.specialization import Op, Specialization
from lazynd.ir.types import CPU, DTYPES, Type

LOOK_ALIKES = (1, True, 1.0, 0.0, -0.0, float("nan"))


def another(value: Any) -> Any:
    """An equal value that is another object where Python allows it."""
    return parse_attribute(print_attribute(value))


class Probe(Op):
    name = "probe"

    def _specialize(self, in_types: tuple[Type, ...], attributes: Mapping[str, Any]) -> Specialization:
        return Specialization(self, in_types, dict(attributes), in_types)

    def differentiate(self, *args: Any) -> Sequence[Any]:
        return ()


@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: (v,), lambda v: ((2, v), None)])
def test_the_six_look_alikes_are_six_specializations(wrap: Any) -> None:
    probe, types = Probe(), (Type((2,), DTYPES["float32"]),)
    found = [probe.specialize(types, {"scalar": wrap(value)}) for value in LOOK_ALIKES]
    assert len(set(found)) == len(LOOK_ALIKES)
    for value, spec in zip(LOOK_ALIKES, found, strict=True):
        assert probe.specialize(types, {"scalar": another(wrap(value))}) is spec
        kept = spec.attributes["scalar"]
        assert print_attribute(kept) == print_attribute(wrap(value))


def test_a_nan_with_another_payload_is_another_key() -> None:
    other = np.frombuffer(bytes.fromhex("010000000000f87f"))[0].item()
    assert other != other
    assert attribute_key(other) != attribute_key(float("nan"))
    assert attribute_key(another(other)) == attribute_key(other)


def test_constants_are_keyed_by_their_bits() -> None:
    arrays = [np.array(v, dtype) for v in LOOK_ALIKES for dtype in ("float32", "float64", "bool", "int32") if v == v]
    arrays += [np.array(np.nan, "float32"), np.array([0.0]), np.array([[0.0]]), np.zeros((0, 1)), np.zeros((1, 0))]
    constant = PRIMITIVES["constant"]
    by_bits = {(a.dtype, a.shape, a.tobytes()): a for a in arrays}
    found = {key: constant.specialize((), {"value": a, "context": CPU}) for key, a in by_bits.items()}
    assert len(set(found.values())) == len(by_bits)
    for (dtype, shape, raw), spec in found.items():
        again = np.frombuffer(raw, dtype).reshape(shape)
        assert constant.specialize((), {"value": again, "context": CPU}) is spec


def test_numpy_scalars_are_keyed_by_type_and_bits() -> None:
    scalars = [kind(v) for v in (0.0, -0.0, float("nan"), 1.0) for kind in (np.float32, np.float64, float)]
    for a, b in combinations(scalars, 2):
        assert attribute_key(a) != attribute_key(b)
    assert attribute_key(np.float32("nan")) == attribute_key(np.float32("nan"))


@pytest.mark.parametrize(
    "value",
    [
        *LOOK_ALIKES, float("inf"), -float("inf"), 5e-324, 1e300, 0.1, 10**30, -7, False, None, "",
        "it's", 'a "b"\\\n{#}',
        (), (1,), (1, (2, (3,))), ((), ()), (None, "x", -0.0), DTYPES["bool"], (DTYPES["int8"], CPU), CPU,
        np.array(0.1, "float32"), np.array([2**64 - 1], "uint64"), np.array([-(2**63)], "int64"),
        np.array([[True], [False]]), np.array([np.nan, -np.inf, -0.0, 6e-8], "float16"), np.zeros((2, 0), "int8"),
        np.array(0x7FC00001, "uint32").view("float32"), np.array(1e-45, "float32"),
    ],
    ids=repr,
)  # fmt: skip
def test_attributes_print_and_parse(value: Any) -> None:
    assert attribute_key(another(value)) == attribute_key(value)


@pytest.mark.parametrize("text", ["", "(1", "1)", "(1 2)", "dtype:float99", "float99[2](1, 2)", "@", "'open", "abc"])
def test_text_that_is_no_attribute_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_attribute(text)


def test_an_attribute_without_text_is_refused() -> None:
    with pytest.raises(TypeError, match="no text form"):
        print_attribute(object())


RULES = ("name", "infer", "vjp", "evaluate", "samples")


@pytest.mark.parametrize("missing", RULES)
def test_an_incomplete_primitive_is_refused_when_its_class_is_made(missing: str) -> None:
    stated: dict[str, Any] = {
        "name": f"incomplete_{missing}",
        "infer": lambda self, x: x,
        "vjp": lambda self, g, y, x: (g,),
        "evaluate": lambda self, x: x,
        "samples": classmethod(lambda cls, rng: []),
    }
    del stated[missing]
    before = dict(PRIMITIVES)
    with pytest.raises(TypeError, match=f"states no {missing}"):
        type("Incomplete", (Primitive,), stated)
    assert before == PRIMITIVES


def test_a_primitive_is_defined_once() -> None:
    with pytest.raises(TypeError, match="'add' is defined twice"):
        type("Add", (type(PRIMITIVES["add"]),), {})
    assert type(PRIMITIVES["add"]).__module__ == "lazynd.ir.primitives.elementwise"
