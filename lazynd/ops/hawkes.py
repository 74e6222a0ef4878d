"""The likelihood of events that make further events likelier: a marked Hawkes process."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..ir import build as ir
from ..ir.build import Value
from ..ir.control import scan
from ..ir.types import INT32, is_floating, require, widened
from .operator import op
from .partial import DTypes, Shapes

FLOATS: Final = ("lda", "alpha", "beta", "state", "lags", "valid_length", "max_time")


def _samples(rng: Any) -> list[Any]:
    n, steps, marks = 2, 4, 3
    rates, state = (rng.uniform(0.5, 1.5, (n, marks)).astype("float32") for _ in range(2))
    alpha, beta = (rng.uniform(0.3, 0.9, marks).astype("float32") for _ in range(2))
    lags = rng.uniform(0.1, 1, (n, steps)).astype("float32")
    which = rng.integers(0, marks, (n, steps)).astype("int32")
    length, end = np.array([4, 2], "float32"), np.array([5, 6], "float32")
    return [((rates, alpha, beta, state, lags, which, length, end), {})]


def _shapes(known: Shapes) -> None:
    rates, lags = known["lda"], known["lags"]
    if rates is None or len(rates) != 2:
        return
    n, marks = rates
    known.learn("alpha", (marks,))
    known.learn("beta", (marks,))
    known.learn("state", rates)
    known.learn("lags", (n, None))
    known.learn("marks", (n, None) if lags is None else lags)
    known.learn("valid_length", (n,))
    known.learn("max_time", (n,))
    known.learn_output((n,))
    known.learn_output(rates, 1)


def _dtypes(known: DTypes) -> None:
    known.learn("marks", INT32)
    known.learn_same([known.names.index(name) for name in FLOATS], (0,))
    known.learn_output(known["lda"], 1)


def _check(given: dict[str, Value], marks: Value) -> None:
    rates = given["lda"]
    require(is_floating(rates.dtype), f"lda must be of floats, got {rates.type}")
    require(rates.ndim == 2, f"lda must be [sequences, marks], got {rates.type}")
    require(given["lags"].ndim == 2, f"lags must be [sequences, events], got {given['lags'].type}")
    n, k = rates.shape
    shapes = {
        "alpha": (k,), "beta": (k,), "state": (n, k), "lags": (n, given["lags"].shape[1]), "valid_length": (n,),
        "max_time": (n,),
    }  # fmt: skip
    for name, shape in shapes.items():
        expected = rates.type.with_shape(shape)
        require(given[name].type is expected, f"{name} must be {expected}, got {given[name].type}")
    expected = rates.type.with_shape(given["lags"].shape).with_dtype(INT32)
    require(marks.type is expected, f"marks must be {expected}, got {marks.type}")


def _event(state: Any, row: Any, constants: Any) -> Any:
    """The next event of each sequence [n], where there is one.

    ``excited`` [n, k] is the excitement of each mark just after its own last event, which was at ``last``.
    """
    (likelihood, now, excited, last), (lag, mark, is_there), (rates, alpha, beta) = state, row, constants
    now = now + ir.select(is_there, lag, 0)
    numbers = ir.iota(rates.shape, 1, INT32, rates.context)
    hit = (numbers == ir.expand_dims(mark, 1)) & ir.expand_dims(is_there, 1)
    since = ir.select(hit, ir.expand_dims(now, 1) - last, 0)
    left = excited * ir.exp(-beta * since)
    rate = ir.select(hit, rates + alpha * beta * left, 1)
    gained = ir.select(hit, ir.log(rate) - rates * since - alpha * (excited - left), 0)
    state = (
        likelihood + ir.sum(gained, 1), now, ir.select(hit, 1 + left, excited),
        ir.select(hit, ir.expand_dims(now, 1), last),
    )  # fmt: skip
    return state, ()


@op(
    name="_contrib_hawkesll",
    method=False,
    samples=_samples,
    shapes=_shapes,
    dtypes=_dtypes,
    outputs=("output", "out_state"),
)
def hawkesll(
    lda: Value,
    alpha: Value,
    beta: Value,
    state: Value,
    lags: Value,
    marks: Value,
    valid_length: Value,
    max_time: Value,
) -> tuple[Value, Value]:
    """The log likelihood of sequences of events of ``k`` marks that excite events of their own mark.

    Events of mark ``i`` come at the rate ``lda[i] + alpha[i] * beta[i] * s``, where ``s`` begins as ``state[i]``, grows
    by 1 with each event of the mark and falls by ``exp(-beta[i] * time)`` (Hawkes, "Spectra of some self-exciting and
    mutually exciting point processes", 1971).

    ``lda`` and ``state`` [n, k] are of each of n sequences, ``alpha`` and ``beta`` [k] of all. ``lags`` [n, events] is
    the time between an event and the one before, ``marks`` [n, events] their marks as int32, of which the first
    ``valid_length`` [n] count; the sequences are watched until ``max_time`` [n]. All others are floats of one dtype.

    Gives the likelihood [n] and the state [n, k] at the end, from which a next interval can go on. An ``IndexError``
    for a mark that there is not, and for a ``valid_length`` beyond the events.
    """
    given = dict(zip(FLOATS, (lda, alpha, beta, state, lags, valid_length, max_time), strict=True))
    _check(given, marks)
    (n, k), steps, dtype = lda.shape, lags.shape[1], lda.dtype
    lda, alpha, beta, state, lags, valid_length, max_time = (
        ir.convert(each, widened(dtype)) for each in (lda, alpha, beta, state, lags, valid_length, max_time)
    )
    alpha, beta = (ir.broadcast_to(each, (n, k)) for each in (alpha, beta))
    length = ir.check_index(ir.maximum(valid_length, 0), 0, steps + 1, negative=False)
    number = ir.iota((n, steps), 1, lda.dtype, lda.context)
    is_there = number < ir.expand_dims(length, 1)
    known = ir.check_index(ir.select(is_there, marks, 0), 1, k, negative=False)
    zeros = ir.full((n, k), 0, lda.dtype, lda.context)
    none = ir.full((n,), 0, lda.dtype, lda.context)
    rows = [ir.transpose(each, (1, 0)) for each in (lags, known, is_there)]
    (likelihood, _, excited, last), _ = scan(_event, (none, none, state, zeros), rows, (lda, alpha, beta))
    since = ir.expand_dims(max_time, 1) - last
    left = excited * ir.exp(-beta * since)
    likelihood = likelihood - ir.sum(lda * since + alpha * (excited - left), 1)
    return ir.convert(likelihood, dtype), ir.convert(left, dtype)
