"""``nd`` against real MXNet 1.9.1: value, shape and dtype of each expression."""

from __future__ import annotations

import pytest

import lazynd

from .. import snippets
from ..nd_expressions import EXPRESSIONS, PRELUDE

GOLDEN = snippets.load("nd")


def test_every_expression_has_a_golden_result() -> None:
    assert list(GOLDEN) == EXPRESSIONS
    assert len(EXPRESSIONS) > 400


@pytest.mark.parametrize("code", EXPRESSIONS)
def test_expression(code: str) -> None:
    snippets.compare(snippets.evaluate(code, lazynd, PRELUDE), GOLDEN[code])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"shape": [1], "dtype": "float32", "values": [1.001]}, {"shape": [1], "dtype": "float32", "values": [1.0]}),
        ({"shape": [1], "dtype": "int32", "values": [1]}, {"shape": [1], "dtype": "float32", "values": [1]}),
        ([1.0], [1.0, 2.0]),
        ({"raises": "TypeError"}, {"raises": "MXNetError"}),
        ("nan", 1.0),
    ],
)
def test_the_comparison_can_fail(found: object, expected: object) -> None:
    with pytest.raises(AssertionError):
        snippets.compare(found, expected)
