"""``autograd`` against real MXNet 1.9.1, program by program."""

from __future__ import annotations

import pytest

import lazynd

from .. import snippets
from ..autograd_programs import PROGRAMS

GOLDEN = snippets.load("autograd")


def test_every_program_has_a_golden_result() -> None:
    assert list(GOLDEN) == list(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    snippets.compare(snippets.evaluate(PROGRAMS[name], lazynd), GOLDEN[name])
