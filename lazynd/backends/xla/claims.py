"""Whole operators that XLA runs in a way of their own instead of their bodies, under a rule on types and attributes.

    @claims(OPERATORS["softmax"], platforms=("cpu",), when=lambda spec: spec.in_types[0].ndim == 2)
    def softmax(data, *, axis, temperature=None, ...): ...   # JAX arrays in, JAX arrays out

``expand`` leaves such an operator as it is, and lowering calls the function: with the arrays, then by name the static
attributes and the numbers that travel with the call, as the operator's own body is called. Gradients are those of the
body, and the interpreter runs the body. ``tests/backends/test_claims.py`` holds every claim to the body on all of the
operator's samples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax

from ...ir.flatten import flatten
from ...ir.graph import Graph
from ...ir.primitives.check import may_fail
from ...ir.specialization import Op, Specialization
from ...ops import Operator
from .contexts import prepare_lowering

When = Callable[[Specialization], bool]


@dataclass(frozen=True, slots=True)
class Claim:
    """``function`` in place of the body of ``operator``, on ``platforms`` and where ``when`` holds."""

    operator: Operator
    function: Callable[..., Any]
    when: When
    platforms: tuple[str, ...]

    def fits(self, spec: Specialization) -> bool:
        """Whether ``spec`` is to be run so. A body that may refuse its values is never replaced: it has to refuse."""
        return spec.op is self.operator and platform_of(spec) in self.platforms and self.when(spec) and _total(spec)

    def apply(self, spec: Specialization, operands: Sequence[Any]) -> tuple[Any, ...]:
        """The results on JAX arrays; ``TypeError`` if they have not the types of the body's."""
        tensors, numbers = operands[: len(spec.in_types)], operands[len(spec.in_types) :]
        given: dict[str, Any] = dict(spec.attributes)
        for slot, value in zip(spec.slots, numbers, strict=True):
            several = sum(each.name == slot.name for each in spec.slots) > 1
            given[slot.name] = (*given.get(slot.name, ()), value) if several else value
        made = self.function(*tensors, **given)
        results = tuple(made) if isinstance(made, tuple | list) else (made,)
        found = [(tuple(each.shape), each.dtype) for each in results]
        expected = [(type.shape, type.dtype) for type in spec.out_types]
        if found != expected:
            raise TypeError(f"the claim of {self.operator.name} gives {found}, its body {expected}")
        return results


class Claims:
    """Claims as they stand at one time; ``expand`` remembers flat bodies by this object, so it never changes."""

    def __init__(self, claims: Iterable[Claim] = ()) -> None:
        self.all: Final = tuple(claims)
        self._of: dict[Op, list[Claim]] = {}
        for each in self.all:
            self._of.setdefault(each.operator, []).append(each)

    def __call__(self, spec: Specialization) -> bool:
        return self.of(spec) is not None

    def of(self, spec: Specialization) -> Claim | None:
        """The claim that runs ``spec``, the latest if several fit."""
        known = self._of.get(spec.op)
        return None if known is None else next((each for each in reversed(known) if each.fits(spec)), None)

    def present(self, graph: Graph) -> Mapping[Specialization, Claim]:
        """What is claimed in ``graph``."""
        specs = {node.spec for node in graph.nodes if node.spec is not None and node.spec.op in self._of}
        return {spec: claim for spec in specs if (claim := self.of(spec)) is not None}


_claims: list[Claims] = [Claims()]


def current() -> Claims:
    """What is claimed now."""
    return _claims[-1]


def register(claim: Claim) -> None:
    """Add ``claim`` from now on; programs that are compiled already stay as they are."""
    _claims[-1] = Claims((*current().all, claim))


def withdraw(operator: Operator) -> None:
    """Drop all claims of ``operator``."""
    _claims[-1] = Claims(each for each in current().all if each.operator is not operator)


def claims(
    operator: Operator, *, when: When, platforms: Sequence[str] = ("cpu", "gpu")
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run ``operator`` by the decorated function where ``when(specialization)`` holds, on ``platforms``.

    ``when`` sees ``spec.in_types``, ``spec.attributes`` and ``spec.out_types``, and must always give the same answer.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        register(Claim(operator, function, when, tuple(platforms)))
        return function

    return declare


def platform_of(spec: Specialization) -> str:
    """Where ``spec`` runs: "cpu" or "gpu"."""
    kind, _ = spec.out_types[0].context.device
    return str(kind)


def fingerprint(claim: Claim, spec: Specialization, device: Any) -> bytes:
    """What the program of ``spec`` under ``claim`` depends on, whatever the function calls or closes over: its code
    for the compiler, as JAX makes it, on the device's platform."""
    sharding = jax.sharding.SingleDeviceSharding(device)
    struct: Any = jax.ShapeDtypeStruct
    types = (*spec.in_types, *(slot.type for slot in spec.slots))
    given = [struct(type.shape, type.dtype, sharding=sharding) for type in types]
    prepare_lowering(device)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        lowered = jax.jit(lambda *operands: claim.apply(spec, operands), keep_unused=True).lower(*given)
    return hashlib.sha256(lowered.as_text().encode()).digest()


def _total(spec: Specialization) -> bool:
    """Whether the body of ``spec`` gives results for all values."""
    assert spec.body is not None
    return not may_fail(flatten(spec.body))
