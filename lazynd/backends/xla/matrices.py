"""Linear algebra: factors, solutions and determinants of matrices."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ...ir.graph import Graph, subgraphs
from ...ir.primitives.factorization import SAME
from ...ir.types import finfo
from .lower import lowers

#: Primitives that call functions of LAPACK on a CPU.
LIBRARY = frozenset(("cholesky", "triangular_solve", "eigh", "qr", "inverse", "determinant", "log_determinant"))


def uses_library(graph: Graph) -> bool:
    """Whether ``graph``, of primitives, or one that it runs, has a primitive of ``LIBRARY``."""
    specs = {node.spec for node in graph.nodes if node.spec is not None}
    if any(spec.op.name in LIBRARY for spec in specs):
        return True
    return any(uses_library(body) for spec in specs for body in subgraphs(spec).values())


@functools.cache
def load_library() -> None:
    """Let jax find LAPACK, which it does when it lowers a call of it.

    A program that comes from disk was lowered by another process: run before this it would end the present one.
    """
    jax.jit(lax.linalg.cholesky).lower(np.ones((1, 1), np.float32))


def _spoiled(wrong: jax.Array, made: jax.Array) -> jax.Array:
    """``made`` with NaN where ``wrong``, which says it for each matrix."""
    wrong = jnp.reshape(wrong, (*wrong.shape, *(1,) * (made.ndim - wrong.ndim)))
    return jnp.where(wrong, jnp.asarray(np.nan, made.dtype), made)


def _has_nan(x: jax.Array) -> jax.Array:
    return jnp.isnan(x).any((-2, -1))


def _infinite(x: jax.Array) -> jax.Array:
    return ~jnp.isfinite(x).all((-2, -1))


def _mirrored(x: jax.Array) -> jax.Array:
    """The symmetric matrices with the lower triangles of ``x``."""
    return jnp.tril(x) + jnp.tril(x, -1).mT


@lowers("cholesky")
def _cholesky(x: jax.Array) -> jax.Array:
    x = _mirrored(x)
    return jnp.tril(_spoiled(_has_nan(x), lax.linalg.cholesky(x, symmetrize_input=False)))


@lowers("eigh")
def _eigh(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    x = _mirrored(x)
    vectors, values = lax.linalg.eigh(x, symmetrize_input=False)
    wrong = _infinite(x)
    return _spoiled(wrong, values), _spoiled(wrong, vectors * lax.stop_gradient(_signs(vectors)))


def _signs(vectors: jax.Array) -> jax.Array:
    """What to multiply the columns by, for the first of their largest elements to be positive."""
    if not vectors.size:
        return jnp.ones_like(vectors)
    sizes = jnp.abs(vectors)
    least = vectors.dtype.type(1 - SAME * finfo(vectors.dtype).eps)
    largest = sizes >= sizes.max(-2, keepdims=True) * least
    first = jnp.take_along_axis(vectors, jnp.argmax(largest, -2, keepdims=True), -2)
    return jnp.where(first < 0, -jnp.ones_like(first), jnp.ones_like(first))


@lowers("qr")
def _qr(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    q, r = lax.linalg.qr(x, full_matrices=False)
    wrong = _infinite(x)
    return _spoiled(wrong, q), jnp.triu(_spoiled(wrong, r))


@lowers("triangular_solve")
def _triangular_solve(a: jax.Array, b: jax.Array, *, lower: bool, transpose: bool) -> jax.Array:
    return lax.linalg.triangular_solve(a, b, left_side=True, lower=lower, transpose_a=transpose)


def _pivots(factors: jax.Array) -> jax.Array:
    return jnp.diagonal(factors, axis1=-2, axis2=-1)


@lowers("inverse")
def _inverse(x: jax.Array) -> jax.Array:
    factors, _, permutation = lax.linalg.lu(x)
    row = jnp.arange(x.shape[-1], dtype=permutation.dtype)
    permuted = (permutation[..., :, None] == row).astype(x.dtype)
    solve = functools.partial(lax.linalg.triangular_solve, factors, left_side=True)
    made = solve(solve(permuted, lower=True, unit_diagonal=True), lower=False)
    return _spoiled(_has_nan(x) | (_pivots(factors) == 0).any(-1), made)


def _odd(swaps: jax.Array) -> jax.Array:
    """Whether an odd number of rows was exchanged."""
    row = jnp.arange(swaps.shape[-1], dtype=swaps.dtype)
    return (swaps != row).sum(-1) % 2 == 1


@lowers("determinant")
def _determinant(x: jax.Array) -> jax.Array:
    factors, swaps, _ = lax.linalg.lu(x)
    product = jnp.prod(_pivots(factors), -1)
    return _spoiled(_has_nan(x), jnp.where(_odd(swaps), -product, product))


@lowers("log_determinant")
def _log_determinant(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    factors, swaps, _ = lax.linalg.lu(x)
    pivots = _pivots(factors)
    sign = jnp.prod(jnp.sign(pivots), -1)
    logarithm = _spoiled(_has_nan(x), jnp.log(jnp.abs(pivots)).sum(-1))
    sign = jnp.where(_odd(swaps), -sign, sign)
    return jnp.where(jnp.isnan(logarithm), jnp.zeros_like(sign), sign), logarithm
