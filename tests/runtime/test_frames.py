"""The way from a read to the compiled program: who calls whom, in frames."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from lazynd import autograd, nd
from lazynd.runtime.run.compile import PROGRAMS

WAY = ["fetch", "force", "drive", "execute", "__call__"]


@pytest.fixture
def ways(empty_cache: None) -> list[list[str]]:
    """The functions between the test and jax, for each run of a program that is watched."""
    return []


def watch(ways: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch the programs that are known now."""
    for family in PROGRAMS.families.values():
        assert family.baked is not None
        compiled: Any = family.baked.executable

        def call(given: Any, kept: Any, executable: Any = compiled.executable) -> Any:
            names, frame = [], sys._getframe(1)
            while frame is not None and frame.f_code.co_filename != __file__:
                names.insert(0, frame.f_code.co_name)
                frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
            ways.append(names)
            return executable(given, kept)

        monkeypatch.setattr(compiled, "executable", call)


def test_a_warm_read_has_six_frames(ways: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    x = nd.array([1.0, 2.0])
    (x * 5 + 7).asnumpy()
    watch(ways, monkeypatch)
    found = (x * 3 + 2).asnumpy()  # not within an assert: pytest keeps what it computes on the way
    assert found.tolist() == [5, 8]
    assert ways == [["asnumpy", *WAY]]


def test_so_has_a_step_whose_buffers_are_donated(ways: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    w, x = nd.ones((4, 1)), nd.ones((2, 4))
    w.attach_grad()

    def step() -> None:
        with autograd.record():
            loss = nd.dot(x, w).square().sum()
        loss.backward()
        w[:] = w - 0.125 * w.grad
        loss.asnumpy()

    for _ in range(2):
        step()
    watch(ways, monkeypatch)
    step()
    assert ways == [["asnumpy", *WAY]]


def test_and_one_whose_indices_are_checked(ways: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    x, at = nd.array([[1.0, 2.0], [3.0, 4.0]]), nd.array([1])
    nd.take(x, at, mode="raise").asnumpy()
    watch(ways, monkeypatch)
    assert nd.take(x, at, mode="raise").asnumpy().tolist() == [[3, 4]]
    assert ways == [["asnumpy", *WAY]]
