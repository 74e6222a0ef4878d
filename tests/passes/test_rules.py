"""Every rule: it fires on its left side, and on random special values nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lazynd.backends.numpy import evaluate
from lazynd.ir.errors import OperatorError
from lazynd.ir.graph import Graph
from lazynd.ir.parse import parse_graph
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.types import DTYPES
from lazynd.ir.verify import verify
from lazynd.passes import fold_constants, simplify
from lazynd.passes.simplify import RULES, detour, lossless

from ..ir.special import special_values

#: One application of each rule, "T" being the type: name of the case to lines, parameters %0, %1 (T) and %2 (bool).
FIRES = {
    "x * 1": "%9: T = ir.multiply(%0, ONE)",
    "1 * x": "%9: T = ir.multiply(ONE, %0)",
    "x / 1": "%9: T = ir.divide(%0, ONE)",
    "x + -0.0": "%9: T = ir.add(%0, MINUS_ZERO)",
    "x - 0": "%9: T = ir.subtract(%0, ZERO)",
    "neg neg": "%8: T = ir.negate(%0)\n%9: T = ir.negate(%8)",
    "x + -y": "%8: T = ir.negate(%1)\n%9: T = ir.add(%0, %8)",
    "-y + x": "%8: T = ir.negate(%1)\n%9: T = ir.add(%8, %0)",
    "x - -y": "%8: T = ir.negate(%1)\n%9: T = ir.subtract(%0, %8)",
    "-x * -y": "%7: T = ir.negate(%0)\n%8: T = ir.negate(%1)\n%9: T = ir.multiply(%7, %8)",
    "-x / -y": "%7: T = ir.negate(%0)\n%8: T = ir.negate(%1)\n%9: T = ir.divide(%7, %8)",
    "abs neg": "%8: T = ir.negate(%0)\n%9: T = ir.abs(%8)",
    "abs abs": "%8: T = ir.abs(%0)\n%9: T = ir.abs(%8)",
    "sign sign": "%8: T = ir.sign(%0)\n%9: T = ir.sign(%8)",
    "x ** 1": "%9: T = ir.power(%0, ONE)",
    "max x x": "%9: T = ir.maximum(%0, %0)",
    "min x x": "%9: T = ir.minimum(%0, %0)",
    "floor floor": "%8: T = ir.floor(%0)\n%9: T = ir.floor(%8)",
    "ceil ceil": "%8: T = ir.ceil(%0)\n%9: T = ir.ceil(%8)",
    "rint rint": "%8: T = ir.round_nearest_even(%0)\n%9: T = ir.round_nearest_even(%8)",
    "stop_gradient": "%9: T = ir.stop_gradient(%0)",
    "not not": "%8: T = ir.not(%0)\n%9: T = ir.not(%8)",
    "x & x": "%9: T = ir.and(%0, %0)",
    "x | x": "%9: T = ir.or(%0, %0)",
    "x | 0": "%9: T = ir.or(%0, ZERO)",
    "x ^ 0": "%9: T = ir.xor(ZERO, %0)",
    "x << 0": "%9: T = ir.shift_left(%0, ZERO)",
    "x >> 0": "%9: T = ir.shift_right_logical(%0, ZERO)",
    "select same": "%9: T = ir.select(%2, %0, %0)",
    "select true": "%9: T = ir.select(TRUE, %0, %1)",
    "select false": "%9: T = ir.select(FALSE, %0, %1)",
    "select not": "%8: bool[N] = ir.not(%2)\n%9: T = ir.select(%8, %0, %1)",
    "convert same": "%9: T = ir.convert(%0) {dtype=dtype:D}",
    "convert back": "%8: W = ir.convert(%0) {dtype=dtype:V}\n%9: T = ir.convert(%8) {dtype=dtype:D}",
    "bitcast same": "%9: T = ir.bitcast_convert(%0) {dtype=dtype:D}",
    "bitcast bitcast": "%8: U = ir.bitcast_convert(%0) {dtype=dtype:B}\n%9: T = ir.bitcast_convert(%8) {dtype=dtype:D}",
}
MOVES = {
    "reshape same": ("%0: float32[2,3]", "%9: float32[2,3] = ir.reshape(%0) {shape=(2, 3)}"),
    "reshape reshape": (
        "%0: float32[2,3]",
        "%8: float32[6] = ir.reshape(%0) {shape=(6,)}\n%9: float32[3,2] = ir.reshape(%8) {shape=(3, 2)}",
    ),
    "reshape there and back": (
        "%0: float32[2,3]",
        "%8: float32[6] = ir.reshape(%0) {shape=(6,)}\n%9: float32[2,3] = ir.reshape(%8) {shape=(2, 3)}",
    ),
    "transpose same": ("%0: float32[2,3]", "%9: float32[2,3] = ir.transpose(%0) {axes=(0, 1)}"),
    "transpose transpose": (
        "%0: float32[2,3,4]",
        "%8: float32[3,4,2] = ir.transpose(%0) {axes=(1, 2, 0)}\n"
        "%9: float32[4,3,2] = ir.transpose(%8) {axes=(1, 0, 2)}",
    ),
    "broadcast same": ("%0: float32[2,3]", "%9: float32[2,3] = ir.broadcast(%0) {shape=(2, 3), axes=(0, 1)}"),
    "broadcast broadcast": (
        "%0: float32[1]",
        "%8: float32[1,3] = ir.broadcast(%0) {shape=(1, 3), axes=(0,)}\n"
        "%9: float32[2,2,3] = ir.broadcast(%8) {shape=(2, 2, 3), axes=(1, 2)}",
    ),
    "broadcast reshape": (
        "%0: float32[2,3]",
        "%8: float32[2,1,3] = ir.reshape(%0) {shape=(2, 1, 3)}\n"
        "%9: float32[4,2,5,3] = ir.broadcast(%8) {shape=(4, 2, 5, 3), axes=(1, 2, 3)}",
    ),
    "reverse reverse": (
        "%0: float32[2,3]",
        "%8: float32[2,3] = ir.reverse(%0) {axes=(1,)}\n%9: float32[2,3] = ir.reverse(%8) {axes=(1,)}",
    ),
    "slice all": ("%0: float32[2,3]", "%9: float32[2,3] = ir.slice(%0) {start=(0, 0), limit=(2, 3), strides=(1, 1)}"),
    "slice slice": (
        "%0: float32[20,3]",
        "%8: float32[9,3] = ir.slice(%0) {start=(1, 0), limit=(18, 3), strides=(2, 1)}\n"
        "%9: float32[3,1] = ir.slice(%8) {start=(1, 2), limit=(8, 3), strides=(3, 1)}",
    ),
    "slice pad": (
        "%0: float32[2,3], %1: float32[]",
        "%8: float32[6,7] = ir.pad(%0, %1) {low=(1, 2), high=(3, 0), interior=(0, 1)}\n"
        "%9: float32[2,3] = ir.slice(%8) {start=(1, 2), limit=(3, 7), strides=(1, 2)}",
    ),
    "pad nothing": (
        "%0: float32[2,3], %1: float32[]",
        "%9: float32[2,3] = ir.pad(%0, %1) {low=(0, 0), high=(0, 0), interior=(0, 0)}",
    ),
    "concatenate one": ("%0: float32[2,3]", "%9: float32[2,3] = ir.concatenate(%0) {axis=0}"),
}  # fmt: skip
#: What looks like a rule and is none.
STAYS = {
    "x + 0.0": "%9: T = ir.add(%0, ZERO)",
    "x - -0.0": "%9: T = ir.subtract(%0, MINUS_ZERO)",
    "x * 0": "%9: T = ir.multiply(%0, ZERO)",
    "x - x": "%9: T = ir.subtract(%0, %0)",
    "x / x": "%9: T = ir.divide(%0, %0)",
    "1 - x": "%9: T = ir.subtract(ONE, %0)",
    "1 / x": "%9: T = ir.divide(ONE, %0)",
    "-(x - y)": "%8: T = ir.subtract(%0, %1)\n%9: T = ir.negate(%8)",
    "convert down and up": "%8: H = ir.convert(%0) {dtype=dtype:float16}\n%9: T = ir.convert(%8) {dtype=dtype:D}",
}
WIDER = {name: name for name in DTYPES} | {
    "float16": "float32", "float32": "float64", "int8": "int32", "uint8": "float32", "int32": "float64", "bool": "int8",
    "uint32": "int64",
}  # fmt: skip
SAME_WIDTH = {2: "float16", 4: "int32", 8: "int64", 1: "int8"}


def build(lines: str, dtype: str) -> Graph:
    n = len(special_values(dtype)) ** 2
    wide, bits = WIDER[dtype], SAME_WIDTH[np.dtype(dtype).itemsize]
    text = lines
    constants = ""
    values = {"MINUS_ZERO": "-0.0", "ZERO": "0.0", "ONE": "1.0", "TRUE": "True", "FALSE": "False"}
    for k, (word, value) in enumerate(values.items(), 3):
        if word not in text:
            continue
        kind = "bool" if value in ("True", "False") else dtype
        if np.dtype(kind).kind in "iu":
            value = value.lstrip("-").partition(".")[0]
        if kind == "bool" and value not in ("True", "False"):
            value = str(bool(float(value)))
        text = text.replace(word, f"%{k}1")
        constants += f"%{k}0: {kind}[] = ir.constant() {{value={kind}[]({value}), context=cpu(0)}}\n"
        constants += f"%{k}1: {kind}[N] = ir.broadcast(%{k}0) {{shape=({n},), axes=()}}\n"
    text = constants + text
    for letter, type in (("T", f"{dtype}[{n}]"), ("W", f"{wide}[{n}]"), ("U", f"{bits}[{n}]"), ("H", f"float16[{n}]")):
        text = text.replace(f": {letter} ", f": {type} ")
    text = text.replace("[N]", f"[{n}]").replace("dtype:D", f"dtype:{dtype}").replace("dtype:V", f"dtype:{wide}")
    text = text.replace("dtype:B", f"dtype:{bits}")
    head = f"graph main(%0: {dtype}[{n}], %1: {dtype}[{n}], %2: bool[{n}]) {{\n"
    return verify(parse_graph(f"{head}{text}\nreturn %9\n}}"))


def inputs_of(dtype: str) -> list[Any]:
    values = special_values(dtype)
    left, right = np.meshgrid(values, values, indexing="ij")
    return [left.reshape(-1).copy(), right.reshape(-1).copy(), np.arange(left.size) % 2 == 0]


def same_bits(found: Sequence[Any], expected: Sequence[Any], what: str) -> None:
    """Equal to the bit; a NaN is a NaN."""
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), what
        if ours.dtype.kind == "f":
            np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs), err_msg=what)
            ours, theirs = np.nan_to_num(ours, nan=0), np.nan_to_num(theirs, nan=0)
            np.testing.assert_array_equal(np.signbit(ours), np.signbit(theirs), err_msg=what)
        np.testing.assert_array_equal(ours, theirs, err_msg=what)


@pytest.mark.parametrize("case", FIRES)
def test_a_rule_fires_and_changes_no_value_of_any_dtype(case: str) -> None:
    fired = set()
    for dtype in DTYPES:
        try:
            graph = build(FIRES[case], dtype)
        except (OperatorError, ValueError):
            continue  # The primitive does not take this dtype.
        made = verify(simplify(fold_constants(graph)))
        if len(made) < len(graph):
            fired.add(dtype)
        same_bits(evaluate(made, inputs_of(dtype)), evaluate(graph, inputs_of(dtype)), f"{case} of {dtype}")
    assert fired, f"{case} never fired"


@pytest.mark.parametrize("case", STAYS)
def test_what_looks_like_a_rule_is_left_alone(case: str) -> None:
    for dtype in ("float32", "float64"):
        graph = build(STAYS[case], dtype)
        assert len(simplify(graph)) == len(graph)


@pytest.mark.parametrize("case", MOVES)
def test_a_rule_of_movement_fires_and_moves_alike(case: str) -> None:
    parameters, lines = MOVES[case]
    graph = verify(parse_graph(f"graph main({parameters}) {{\n{lines}\nreturn %9\n}}"))
    made = verify(simplify(graph))
    assert len(made) < len(graph)
    inputs = [np.arange(n.type.size, dtype="float32").reshape(n.type.shape) for n in graph.inputs]
    same_bits(evaluate(made, inputs), evaluate(graph, inputs), case)


def test_every_rule_has_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    from lazynd.passes.pattern import Rule

    used: set[int] = set()
    original = Rule.apply

    def spy(self: Rule, node: Any) -> Any:
        found = original(self, node)
        if found is not None:
            used.add(id(self))
        return found

    monkeypatch.setattr(Rule, "apply", spy)
    for case in FIRES:
        test_a_rule_fires_and_changes_no_value_of_any_dtype(case)
    for case in MOVES:
        test_a_rule_of_movement_fires_and_moves_alike(case)
    assert [str(r.left) for r in RULES if id(r) not in used] == []


@pytest.mark.parametrize("source", DTYPES)
def test_lossless_conversions_lose_nothing(source: str) -> None:
    values = special_values(source)
    for target in DTYPES:
        with np.errstate(all="ignore"):
            back = values.astype(target).astype(source)
        if lossless(np.dtype(source), np.dtype(target)):
            np.testing.assert_array_equal(back, values, err_msg=f"{source} {target}")


def test_detours_give_what_the_direct_way_gives() -> None:
    taken = 0
    for source in DTYPES:
        values = special_values(source)
        for through in DTYPES:
            for target in DTYPES:
                if not detour(np.dtype(source), np.dtype(through), np.dtype(target)):
                    continue
                taken += 1
                convert = PRIMITIVES["convert"].evaluate
                with np.errstate(all="ignore"):
                    there = convert(values, dtype=np.dtype(through))
                    found = convert(values, dtype=np.dtype(target))
                    expected = convert(there, dtype=np.dtype(target))
                same_bits([found], [expected], f"{source} {through} {target}")
    assert taken > 200


def test_rules_are_shown_as_they_are_written() -> None:
    shown = [str(rule) for rule in RULES]
    assert {"x * 1 -> x", "x - negate(y) -> x + y", "select(not(c), x, y) -> ir.select(c, y, x)"} <= set(shown)
    assert all(text.partition(" -> ")[2] not in ("", "...") and text.count("(") == text.count(")") for text in shown)


def test_which_conversions_are_lossless() -> None:
    found = {(s, t) for s in DTYPES for t in DTYPES if s != t and lossless(np.dtype(s), np.dtype(t))}
    integers = [t for t in DTYPES if np.dtype(t).kind in "iu"]
    assert {t for s, t in found if s == "bool"} == set(DTYPES) - {"bool"}
    assert {t for s, t in found if s == "float32"} == {"float64"}
    assert {t for s, t in found if s == "float16"} == {"float32", "float64"}
    assert {t for s, t in found if s == "int32"} == {"int64", "float64"}  # 2**31 needs more than float32's 24 bits
    assert {t for s, t in found if s == "uint8"} == {
        "int32",
        "int64",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
    }
    assert not {(s, t) for s, t in found if s in ("int64", "uint64", "float64")}
    assert not {(s, t) for s, t in found if s not in integers and t in integers and s != "bool"}
