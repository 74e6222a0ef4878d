"""Symbols give MXNet's answers; see ``tools/make_symbol_goldens.py``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import sym

from . import asked, compositions, sessions
from .nets import NETS

SAVED = asked.saved()
#: Questions of what follows from something: we may know more than MXNet, never less, and never another thing.
INFERRED = (
    "nothing known", "all known", "as far as it goes", "internal shapes", "batch open", "nothing typed", "all float32",
    "all float64", "all float16",
)  # fmt: skip
#: MXNet guesses float32 for these if nothing is known.
GUESSED = (("every_norm", "nothing typed"), ("targets", "nothing typed"), ("choices", "nothing typed"))
#: MXNet notes where the inputs of its subgraphs are.
NOTED = {(name, title) for name in ("loop", "choices") for title in ("attributes", "of the first", "in detail")}
OPEN = ([], 0, None, {"tuple": []})


def refines(found: Any, expected: Any) -> bool:
    """Whether ``found`` says all that ``expected`` does. MXNet refuses much that is only not known yet."""
    if isinstance(expected, dict) and ("error" in expected or "warnings" in expected):
        return not (isinstance(found, dict) and "error" in found)
    if expected in OPEN:
        return True
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(refines, found, expected))
    if isinstance(expected, dict) and isinstance(found, dict) and found.keys() == expected.keys():
        return all(refines(found[key], expected[key]) for key in found)
    return bool(found == expected)


@pytest.mark.parametrize("name", NETS)
def test_what_a_symbol_says(name: str) -> None:
    make, given = NETS[name]
    with lazynd.name.NameManager():
        symbol = make(sym)
    differ = {}
    for title, ask in asked.questions(symbol, given):
        found, expected = asked.answer(ask), SAVED[name][title]
        agrees = found == expected or (title in INFERRED and refines(found, expected))
        if not agrees and (name, title) not in (*GUESSED, *NOTED):
            differ[title] = {"found": found, "expected": expected}
    assert not differ


def test_there_is_enough_to_compare() -> None:
    """Most of what is inferred must be equal, not only more."""
    equal = sum(
        asked.answer(ask) == SAVED[name][title]
        for name in ("lenet", "mlp", "residual_block", "fused_lstm", "attention", "language_model", "two_towers")
        for symbol in [NETS[name][0](sym)]
        for title, ask in asked.questions(symbol, NETS[name][1])
        if title in ("all known", "as far as it goes", "internal shapes", "all float32", "all float64")
    )
    assert len(NETS) >= 60 and equal == 5 * 7


@pytest.mark.parametrize("name", sessions.SESSIONS)
def test_what_statements_do(name: str) -> None:
    expected = SAVED[f"session {name}"]
    found = sessions.answers(name, lazynd)
    assert [a for a, b in zip(found, expected, strict=True) if a != b] == []


#: These contradict themselves: shapes that are stacked, chosen from or added differ. MXNet notices when it runs them.
CONTRADICTIONS = {12, 27, 40, 55, 71, 81, 86, 88, 99, 108, 134}
#: A vector through a ``FullyConnected`` that keeps its dimensions: MXNet takes its extent for the number of outputs.
MISREAD = {10, 128}


@pytest.mark.parametrize("number", range(compositions.COUNT))
def test_random_compositions(number: int) -> None:
    expected = SAVED[f"composition {number}"]
    found = compositions.ask(number, lazynd)
    for each in ("outputs", "arguments", "attributes"):
        assert found[each] == expected[each]
    for each in ("shapes", "partly", "types"):
        refused = isinstance(found[each], dict) and "error" in found[each]
        if refused and number in CONTRADICTIONS:
            continue
        if not (each == "partly" and number in MISREAD):
            assert found[each] == expected[each] or refines(found[each], expected[each]), each
    if isinstance(expected["values"], list):
        assert len(found["values"]) == len(expected["values"])
        for one, other in zip(found["values"], expected["values"], strict=True):
            assert one[0] == other[0]
            # Sums of up to 24 numbers near 1, in float32, in another order; a softmax has a few units more.
            np.testing.assert_allclose(one[1:], other[1:], rtol=1e-5, atol=1e-6)
