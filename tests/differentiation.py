"""Running operators and their gradients outside the runtime: what the generic tests compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lazynd.backends import cast_scalar, get_backend
from lazynd.backends.numpy import evaluate
from lazynd.ir.flatten import flatten
from lazynd.ir.graph import graph_of
from lazynd.ir.linearize import linearize
from lazynd.ir.specialization import Specialization
from lazynd.ir.types import Type, is_floating
from lazynd.ops import Operator


def widen(value: Any) -> Any:
    """float32 samples as float64, for finite differences."""
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype == np.float32 else array


def bind(operator: Operator, arrays: Sequence[Any], attributes: dict[str, Any]) -> tuple[Specialization, list[Any]]:
    types = tuple(Type(np.shape(a), np.asarray(a).dtype) for a in arrays)
    filled = dict(attributes)
    if operator.draws:
        filled["draw"] = (np.uint32(7), np.uint32(11))
    spec, slots = operator.bind(types, filled)
    return spec, [
        cast_scalar(int(v) if isinstance(v, np.integer) else v, s.type) for v, s in zip(slots, spec.slots, strict=True)
    ]


def interpret(spec: Specialization, inputs: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
    return evaluate(flatten(graph_of(spec)), inputs)


def compiled(spec: Specialization, inputs: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
    backend = get_backend("xla")
    executable, _ = backend.compile(graph_of(spec), len(spec.slots), (), False)
    n = len(spec.in_types)
    placed = [backend.put(np.array(v), t.context) for v, t in zip(inputs[:n], spec.in_types, strict=True)]
    return [np.asarray(b) for b in executable(placed, [v.item() for v in inputs[n:]])]


def needs_of(spec: Specialization) -> tuple[bool, ...]:
    return tuple(is_floating(t.dtype) for t in spec.in_types)


def gradients(
    spec: Specialization, inputs: Sequence[Any], seeds: Sequence[Any], run: Any = interpret
) -> dict[int, np.ndarray[Any, Any]]:
    """Cotangents of the inputs, through the forward pass with residuals and the backward pass."""
    linear = linearize(spec, needs_of(spec))
    results = run(linear.spec, inputs)
    sources = [*inputs[: len(spec.in_types)], *results]
    present = tuple(k < len(spec.out_types) for k in range(len(linear.spec.out_types)))
    step = linear.backward(present)
    if step.spec is None:
        return {}
    given = [sources[k] for k in step.residuals] + list(seeds)
    slots = list(inputs[len(spec.in_types) :]) if step.spec.slots else []
    return dict(zip(step.targets, run(step.spec, [*given, *slots]), strict=True))


def numeric_gradient(
    spec: Specialization, inputs: Sequence[Any], seeds: Sequence[Any], number: int, step: float = 1e-6
) -> Any:
    """Central differences of the seeded sum of outputs with respect to input ``number``; float64 inputs."""
    base = np.array(inputs[number], dtype=np.float64)
    found = np.zeros_like(base)
    for at in np.ndindex(base.shape):
        values = []
        for sign in (1, -1):
            moved = base.copy()
            moved[at] += sign * step
            changed = [*inputs[:number], moved, *inputs[number + 1 :]]
            values.append(sum(float(np.sum(o * s)) for o, s in zip(interpret(spec, changed), seeds, strict=True)))
        found[at] = (values[0] - values[1]) / (2 * step)
    return found
