"""Blocks against real MXNet 1.9.1: names, prints, shapes, outputs, all gradients. See ``tests/goldens/blocks.py``."""

from __future__ import annotations

import functools
import inspect
import re
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import gluon
from lazynd.gluon import Block

from ..goldens import store
from ..goldens.blocks import BlockCase, evaluate
from ..goldens.layers import families

FAMILIES = families()
CASES = [pytest.param(family, case, id=case.key) for family, cases in FAMILIES.items() for case in cases]
load = functools.cache(store.load)
#: Sums of some dozens of products in another order, each good to 2^-24, and functions good to a few units.
RTOL = {"float32": 1e-5, "float64": 1e-10}
#: Sums of hundreds of products.
RTOL_OF_CONVOLUTIONS = 1e-4


def tolerance(case: BlockCase, dtype: Any) -> float:
    return case.rtol or (RTOL_OF_CONVOLUTIONS if "Conv" in case.text else RTOL.get(dtype.name, 0))


def compare_arrays(found: Any, expected: Any, case: BlockCase, what: str) -> None:
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype), what
    rtol = tolerance(case, expected.dtype)
    # What cancels is as inexact as the terms that it was made of, which are of the size of the largest.
    # Numbers too small to be normal are what MXNet leaves in memory where it writes no gradient.
    atol = rtol * float(np.abs(expected).max(initial=0)) + float(np.finfo("float32").tiny)
    np.testing.assert_allclose(found, expected, rtol, atol, err_msg=what)


def compare(found: dict[str, Any], expected: dict[str, Any], case: BlockCase) -> None:
    assert found.keys() == expected.keys(), found.get("raises")
    for part, value in expected.items():
        if part in case.unchecked:
            continue
        if part in ("out", "grad"):
            assert len(found[part]) == len(value), part
            for i, (one, other) in enumerate(zip(found[part], value, strict=True)):
                compare_arrays(one, other, case, f"{part}[{i}]")
        elif part in ("grads", "after"):
            assert found[part].keys() == value.keys(), part
            for name, array in value.items():
                compare_arrays(found[part][name], array, case, f"{part} of {name}")
        else:
            assert found[part] == value, part


#: Bases of others; and what MXNet does not run without a trainer.
NO_CASE = {
    "Block", "HybridBlock", "SymbolBlock", "Loss", "RecurrentCell", "HybridRecurrentCell", "ModifierCell",
    "SparseEmbedding",
}  # fmt: skip


@pytest.mark.parametrize("place", ["nn", "rnn", "loss", "contrib.nn", "contrib.rnn", "contrib.cnn"])
def test_every_block_has_a_case(place: str) -> None:
    module = functools.reduce(getattr, place.split("."), gluon)
    blocks = {
        name for name in dir(module) if inspect.isclass(each := getattr(module, name)) and issubclass(each, Block)
    }
    used = {word for cases in FAMILIES.values() for case in cases for word in re.findall(r"\w+(?=\()", case.text)}
    assert blocks and not blocks - used - NO_CASE


@pytest.mark.parametrize(("family", "case"), CASES)
def test_golden_in_the_interpreter(family: str, case: BlockCase, on_numpy: None) -> None:
    golden = load(family)
    assert case.key in golden, f"it has no golden result: run tools/make_block_goldens.py {family}"
    compare(evaluate(lazynd, case), golden[case.key], case)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_file_holds_the_cases_and_no_others(family: str) -> None:
    assert set(load(family)) == {case.key for case in FAMILIES[family]}


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_comparison_can_fail(family: str) -> None:
    case = next(c for c in FAMILIES[family] if "raises" not in load(family)[c.key])
    expected = load(family)[case.key]
    compare(expected, expected, case)
    for part in ("out", "grad"):
        for changed in ([each + 1e-3 for each in expected[part]], expected[part][:-1]):
            with pytest.raises(AssertionError):
                compare({**expected, part: changed}, expected, case)
    with pytest.raises(AssertionError):
        compare({"raises": "ValueError"}, expected, case)
    with pytest.raises(AssertionError):
        compare({**expected, "repr": "Net()"}, expected, case)
