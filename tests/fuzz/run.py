"""A program in the model and on the real runtime, and the first difference."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

import lazynd
from lazynd import autograd, nd
from lazynd.backends import register_backend
from lazynd.runtime.record.pending import PendingWork
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.tell.location import OURS, user_location
from lazynd.runtime.tell.stats import stats
from lazynd.runtime.thread import LOCAL

from .donating import DonatingBackend
from .program import DEFAULTS, source
from .world import World

register_backend(DonatingBackend())

FILE = "<program>"


@dataclass
class Failure:
    """What differed, in run ``run`` of the structure, at the ``at``-th thing shown (None: counts).

    ``kind`` tells failures apart while shrinking.
    """

    run: int
    at: int | None
    text: str
    kind: str


class Invalid(Exception):
    """A program that the model itself cannot run."""


def modelled(lines: Sequence[str]) -> World:
    world = World()
    try:
        exec(compile(source(lines), FILE, "exec"), world.namespace)
    except Exception as error:
        raise Invalid from error
    return world


def namespace(seen: list[Any]) -> dict[str, Any]:
    def attempt(expected: str, call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception as error:
            seen.append(type(error).__name__)
        else:
            seen.append(None)

    return {
        "nd": nd,
        "autograd": autograd,
        "gc": SimpleNamespace(collect=lambda: gc.collect(1)),  # what a program leaves is young
        "force": lambda array: seen.append(array.asnumpy()),
        "attempt": attempt,
    }


@contextmanager
def configured(settings: dict[str, Any]) -> Iterator[None]:
    """The engine with ``settings``, and afterwards as it was."""
    config, state = lazynd.config, LOCAL.state
    before = {name: getattr(config, name) for name in settings}
    nd.waitall()
    for name, value in settings.items():
        setattr(config, name, value)
    lazynd.runtime.fence()  # starts a region with the credit that the settings give
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(config, name, value)
            state.recording = state.training = False
        state.record_depth = 0


@contextmanager
def counted() -> Iterator[tuple[Counter[Any], Counter[Any]]]:
    """How often the operators of each line were recorded, and how often they ran."""
    recorded: Counter[Any] = Counter()
    names = ("append", "apply", "apply_to", "note")
    entrances, kept = {name: getattr(PendingWork, name) for name in names}, stats.per_node
    stats.per_node = Counter()
    inside: list[Any] = []

    def counting(entrance: Any) -> Any:
        def entered(recorder: PendingWork, spec: Any, operands: Any, scalars: Any, *place: Any) -> Any:
            if inside and inside[-1] is spec:  # one entrance by way of another
                return entrance(recorder, spec, operands, scalars, *place)
            if place and place[0] is not None and OURS[place[0].co_filename]:
                place = recorder.caller or user_location(3)  # as the recorder does, which would find this file
            inside.append(spec)
            try:
                made = entrance(recorder, spec, operands, scalars, *place)
            finally:
                inside.pop()
            recorded[(spec.op.name, *(place or (made.code, made.lasti)))] += 1  # ``note`` finds the place by itself
            return made

        return entered

    for name, entrance in entrances.items():
        setattr(PendingWork, name, counting(entrance))
    try:
        yield recorded, stats.per_node
    finally:
        stats.per_node = kept
        for name, entrance in entrances.items():
            setattr(PendingWork, name, entrance)


def differs(found: Any, expected: Any, peak: float) -> str | None:
    """How what was shown differs from what the model showed.

    Whole numbers must be equal. Floats may differ by a few roundings (6e-8) of the largest magnitude that the program
    had anywhere, since a compiler may contract products and sums; programs use numbers exact in binary, so that
    most results have no rounding at all.
    """
    if isinstance(expected, str):
        return None if found == expected else f"raised {found}, expected {expected}"
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return f"has type {found.dtype}{found.shape}, expected {expected.dtype}{expected.shape}"
    if expected.dtype.kind != "f":
        wrong = not np.array_equal(found, expected)
    else:
        wrong = not np.allclose(found, expected, rtol=1e-6, atol=1e-6 * peak, equal_nan=True)
    return f"is\n{found}\nexpected\n{expected}" if wrong else None


def check(settings: dict[str, Any], runs: Sequence[Sequence[str]]) -> Failure | None:
    """The first difference between model and runtime over ``runs`` of one structure, or None.

    Raises ``Invalid`` if the model cannot run it.
    """
    for number, lines in enumerate(runs):
        world = modelled(lines)
        seen: list[Any] = []
        with configured(settings), counted() as (recorded, executed):
            nd.random.seed(0)
            try:
                exec(compile(source(lines), FILE, "exec"), namespace(seen))
            except Exception as error:
                return Failure(number, len(seen), f"raised {type(error).__name__}: {error}", type(error).__name__)
            nd.waitall()
        for at, (found, expected) in enumerate(zip(seen, world.seen, strict=True)):
            text = differs(found, expected, world.peak)
            if text is not None:
                return Failure(number, at, text, "a wrong value")
        for key, times in executed.items():
            if times > recorded[key]:
                text = f"{key[0]} was recorded {recorded[key]} times and ran {times} times"
                return Failure(number, None, text, "a wrong count")
    return None


def forget() -> None:
    """Drop compiled programs, so that a structure meets none of another's."""
    PROGRAMS.clear()


FAST = {**DEFAULTS, "backend": "donating"}
