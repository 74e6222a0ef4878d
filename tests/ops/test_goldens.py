"""Operators against real MXNet 1.9.1: outputs, gradients, changed inputs. See ``tests/goldens``."""

from __future__ import annotations

import functools
import pathlib
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import reference

from ..goldens import store
from ..goldens.case import Case
from ..goldens.cases import families
from ..goldens.evaluate import evaluate

FAMILIES = families()
#: An operator may be in several families.
CALLS = sorted((name, family) for family, operators in FAMILIES.items() for name in operators)
OPERATORS = {name: [family for each, family in CALLS if each == name] for name, _ in CALLS}
each_operator = pytest.mark.parametrize(("name", "family"), CALLS, ids=[f"{name}-{family}" for name, family in CALLS])
#: Sums of some dozens of terms in another order, and functions good to a few units in the last place.
RTOL = {"float16": 2.0**-8, "float32": 2e-5, "float64": 1e-10}
#: Operators that cannot be described as arrays and attributes, and the tests that they have instead.
ELSEWHERE = {
    "Custom": "nd/test_custom.py",  # runs a Python class
    "_cvimread": "nd/test_decoding.py",  # _cvimdecode of a file's bytes
    "_contrib_count_sketch": "ops/test_fourier.py",  # MXNet has these on GPUs alone
    "_contrib_fft": "ops/test_fourier.py",
    "_contrib_ifft": "ops/test_fourier.py",
    "_foreach": "nd/test_control_flow.py",  # runs a Python function
    "_cond": "nd/test_control_flow.py",
    "_while_loop": "nd/test_control_flow.py",
    "_histogram": "nd_expressions/access.py",  # takes graphs' names of its parameters in MXNet alone
}

load = functools.cache(store.load)


def compare_arrays(found: Any, expected: Any, case: Case, what: str) -> None:
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype), what
    if not case.values:
        return
    if case.apart and expected.dtype.kind in "iu":
        assert np.abs(found.astype("int64") - expected.astype("int64")).max() <= case.apart, what
        return
    rtol = case.rtol or RTOL.get(expected.dtype.name, 0)
    finite = expected[np.isfinite(expected)] if expected.dtype.kind == "f" else expected
    scale = float(np.abs(finite).max(initial=0)) if expected.dtype.kind == "f" else 0
    # What cancels is as inexact as the terms that it was made of, which are of the size of the largest.
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * scale, err_msg=what)


def compare(found: dict[str, Any], expected: dict[str, Any], case: Case, what: str) -> None:
    assert found.get("raises") == expected.get("raises"), what
    if "raises" in expected:
        return
    parts = ["out", *(["grad"] if isinstance(expected.get("grad"), list) else [])]
    for part in parts:
        assert isinstance(found[part], list) and len(found[part]) == len(expected[part]), f"{what}: {part}"
        for i, (one, other) in enumerate(zip(found[part], expected[part], strict=True)):
            compare_arrays(one, other, case, f"{what}: {part}[{i}]")
    changed = [[pair for pair in each["after"] if pair[0] not in case.unchecked] for each in (found, expected)]
    assert [i for i, _ in changed[0]] == [i for i, _ in changed[1]], f"{what}: changed inputs"
    for (i, one), (_, other) in zip(*changed, strict=True):
        compare_arrays(one, other, case, f"{what}: input {i} afterwards")


def check(name: str, family: str, cases: list[Case]) -> None:
    golden = load(family)
    for case in cases:
        key = case.key(name)
        assert key in golden, f"{key} has no golden result: run tools/make_goldens.py {family}"
        compare(evaluate(lazynd, name, case), golden[key], case, f"{name}{list(case.arrays)} {dict(case.attributes)}")


@each_operator
def test_golden_in_the_interpreter(name: str, family: str, on_numpy: None) -> None:
    check(name, family, FAMILIES[family][name])


@pytest.mark.slow  # in the short suite tests/test_operators.py compiles a case of each operator
@each_operator
def test_golden_through_xla(name: str, family: str) -> None:
    check(name, family, FAMILIES[family][name])


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_file_holds_the_cases_and_no_others(family: str) -> None:
    assert set(load(family)) == {case.key(name) for name, cases in FAMILIES[family].items() for case in cases}


@pytest.mark.parametrize("name", sorted(name for name, families in OPERATORS.items() if families != ["integers"]))
def test_at_least_six_cases(name: str) -> None:
    cases = [(family, case) for family in OPERATORS[name] for case in FAMILIES[family][name]]
    assert len(cases) >= 6
    computed = [load(family)[case.key(name)] for family, case in cases]
    assert sum("raises" not in each for each in computed) >= 6, "cases that raise are no results"


def test_every_operator_of_tiers_1_to_3_has_goldens() -> None:
    registered = {each.names[0]: each.tier for each in reference.operators().values()}
    wanted = {name for name, tier in registered.items() if tier <= 3} - reference.left_out().keys()
    assert len(wanted) == 357
    assert wanted - OPERATORS.keys() == ELSEWHERE.keys()
    # MXNet registers cumsum as _np_cumsum, and those of contrib are functions, or one that has no other name.
    contrib = {f"_contrib_{n}" for n in ("backward_gradientmultiplier", "isfinite", "isinf", "isnan")}
    assert OPERATORS.keys() - registered.keys() == {"cumsum", *contrib}
    for file in ELSEWHERE.values():
        assert (pathlib.Path(__file__).parents[1] / file).exists(), file


def test_the_comparison_can_fail() -> None:
    case = Case(())
    one = {"out": [np.ones(2, "float32")], "grad": [np.ones(2, "float32")], "after": []}
    compare(one, one, case, "equal")
    for other in (
        {**one, "out": [np.array([1, 1.001], "float32")]},
        {**one, "out": [np.ones(2, "float64")]},
        {**one, "grad": [np.zeros(2, "float32")]},
        {**one, "grad": "MXNetError"},
        {**one, "after": [(0, np.ones(2, "float32"))]},
        {"raises": "MXNetError"},
    ):
        with pytest.raises(AssertionError):
            compare(other, one, case, "different")
