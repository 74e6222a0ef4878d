"""Random arrays. The same seed gives the same numbers, whenever and with whatever they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.errors import MXNetError
from ..ir.types import Context, as_dtype
from ..ops import OPERATORS
from ..reference import absent, has
from ..runtime.record import streams
from ..runtime.tell.location import calling_frame
from ..runtime.thread import LOCAL
from .creation import Shape, _context, as_extents
from .invoke import invoke
from .namespace import namespace
from .ndarray import NDArray
from .refusal import reports

__all__ = [
    "exponential", "gamma", "generalized_negative_binomial", "multinomial", "negative_binomial", "normal", "poisson",
    "randint", "randn", "seed", "shuffle", "uniform",
]  # fmt: skip


@reports("seed")
def seed(seed_state: int, ctx: Context | str = "all") -> None:
    """Restart the random stream: of one context, or of all. ``ValueError`` for what is no int.

    >>> from lazynd import nd
    >>> nd.random.seed(7)
    >>> first = nd.random.uniform(shape=(3,)).asnumpy()
    >>> nd.random.seed(7)
    >>> bool((nd.random.uniform(shape=(3,)).asnumpy() == first).all())
    True
    """
    if not isinstance(seed_state, int | np.integer):
        raise ValueError("sd must be int")
    LOCAL.state.recorder.leaves("the random stream is restarted")
    streams.seed(int(seed_state), None if ctx == "all" else Context(ctx))


def _draw(
    name: str, parameters: Sequence[Any], shape: Shape | None, ctx: Any, dtype: Any, out: NDArray | None, frame: Any
) -> NDArray:
    """Numbers of the distribution ``name``; with arrays as parameters, of ``shape`` for each of their elements."""
    arrays = [p for p in parameters if isinstance(p, NDArray)]
    if arrays and len(arrays) < len(parameters):
        kinds = " and ".join(str(type(p)) for p in parameters)
        raise AssertionError(f"Distribution parameters must all have the same type, but got both {kinds}.")
    made = _from_arrays(name, arrays, shape, dtype, out, frame) if arrays else None
    if made is None:
        made = _from_numbers(name, parameters, shape, ctx, dtype, out, frame)
    return _given(made, out)


def _given(made: NDArray, out: NDArray | None) -> NDArray:
    """``made``, or ``out`` with its content if that is given."""
    if out is None:
        return made
    out[:] = made
    return out


def _from_arrays(
    name: str, arrays: Sequence[NDArray], shape: Shape | None, dtype: Any, out: NDArray | None, frame: Any
) -> NDArray:
    operator = OPERATORS.get(f"_sample_{name}")
    if operator is None:
        raise ValueError(f"parameters of {name} must be numbers")
    wanted = out.dtype if out is not None and dtype is None else dtype
    attributes = (() if shape is None else as_extents(shape), None if wanted is None else as_dtype(wanted))
    return NDArray(invoke(operator, [each._cell for each in arrays], attributes, frame)[0])


def _from_numbers(
    name: str, numbers: Sequence[Any], shape: Shape | None, ctx: Any, dtype: Any, out: NDArray | None, frame: Any
) -> NDArray:
    for number in numbers:
        _check_number(number)
    extents = (out.shape if out is not None else (1,)) if shape is None else as_extents(shape)
    if any(n < 0 for n in extents):
        raise MXNetError(f"shape {extents} has a negative extent")
    context = out.context if out is not None else _context(ctx)
    wanted = as_dtype(out.dtype if out is not None and dtype is None else dtype or "float32")
    return NDArray(invoke(OPERATORS[f"_random_{name}"], (), (*numbers, extents, context, wanted), frame)[0])


def _check_number(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValueError(f"Distribution parameters must be numbers or NDArrays, got {type(value)}")


def _at_least(name: str, value: Any, least: Any, strictly: bool = False, why: str = "") -> None:
    """Refuse a number below ``least``, which is one too; arrays are not looked at."""
    if isinstance(value, NDArray) or isinstance(least, NDArray):
        return
    for each in (value, least):
        _check_number(each)
    if value > least or (value == least and not strictly):
        return
    relation = ">" if strictly else ">="
    raise MXNetError(f"Check failed: param.{name} {relation} {least} ({value} vs. {least}){why and f' : {why}'}")


@reports("uniform", keywords=True)
def uniform(
    low: float | NDArray = 0,
    high: float | NDArray = 1,
    shape: Shape | None = None,
    dtype: Any = None,
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Numbers uniform in [low, high), of shape (1,) by default.

    >>> from lazynd import nd
    >>> nd.random.uniform(shape=(2, 3)).shape
    (2, 3)
    """
    _at_least("high", high, low, why="low must be less or equal to high in uniform distribution")
    return _draw("uniform", (low, high), shape, ctx, dtype, out, calling_frame())


@reports("normal", keywords=True)
def normal(
    loc: float | NDArray = 0,
    scale: float | NDArray = 1,
    shape: Shape | None = None,
    dtype: Any = None,
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Normal numbers of mean ``loc`` and standard deviation ``scale`` (above 0, else ``MXNetError``).

    Of shape (1,), float32 and on the default context unless given; written to ``out`` if that is.

    >>> from lazynd import nd
    >>> x = nd.random.normal(5, 0.1, shape=(1000,))
    >>> x.shape, round(x.mean().item(), 1)
    ((1000,), 5.0)
    """
    _at_least("scale", scale, 0, strictly=True, why="scale parameter in gaussian has to be positive")
    return _draw("normal", (loc, scale), shape, ctx, dtype, out, calling_frame())


@reports("randn")
def randn(*shape: int, loc: float = 0, scale: float = 1, dtype: Any = None, ctx: Context | None = None) -> NDArray:
    """Normal numbers of the shape given by the arguments, (1,) by default; else as ``normal``.

    >>> from lazynd import nd
    >>> nd.random.randn(2, 3).shape
    (2, 3)
    """
    return normal(loc, scale, shape or None, dtype, ctx)


@reports("poisson", keywords=True)
def poisson(
    lam: float | NDArray = 1,
    shape: Shape | None = None,
    dtype: Any = None,
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Poisson numbers of rate ``lam`` (not negative, else ``MXNetError``), as floats.

    Of shape (1,), float32 and on the default context unless given; written to ``out`` if that is.

    >>> from lazynd import nd
    >>> x = nd.random.poisson(4, shape=(1000,))
    >>> bool((x == nd.floor(x)).min()), x.dtype
    (True, <class 'numpy.float32'>)
    """
    _at_least("lam", lam, 0, why="lambda parameter has to be non-negative")
    return _draw("poisson", (lam,), shape, ctx, dtype, out, calling_frame())


@reports("exponential", keywords=True)
def exponential(
    scale: float | NDArray = 1,
    shape: Shape | None = None,
    dtype: Any = None,
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Exponential numbers of mean ``scale`` (above 0, else ``MXNetError``).

    Of shape (1,), float32 and on the default context unless given; written to ``out`` if that is.

    >>> from lazynd import nd
    >>> nd.random.exponential(2.0, shape=(2, 3)).min().asscalar() >= 0
    np.True_
    """
    _at_least("scale", scale, 0, strictly=True, why="scale has to be positive")
    return _draw("exponential", (1.0 / scale,), shape, ctx, dtype, out, calling_frame())


@reports("randint", keywords=True)
def randint(
    low: int,
    high: int,
    shape: Shape | None = None,
    dtype: Any = None,
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Integers uniform in [low, high), int32 (the default) or int64; ``MXNetError`` where there is none.

    Of shape (1,) and on the default context unless given; written to ``out`` if that is.

    >>> from lazynd import nd
    >>> x = nd.random.randint(3, 6, shape=(1000,))
    >>> x.min().asscalar(), x.max().asscalar()
    (np.int32(3), np.int32(5))
    """
    for name, bound in (("low", low), ("high", high)):
        if isinstance(bound, float | np.floating):
            raise MXNetError(f"Invalid Parameter format for {name} expect long but value='{bound}'")
    _at_least("high", high, low, strictly=True, why="low must be less than high")
    return _draw("randint", (low, high), shape, ctx, dtype or "int32", out, calling_frame())


@reports("gamma", keywords=True)
def gamma(
    alpha: float | NDArray = 1,
    beta: float | NDArray = 1,
    shape: Shape | None = None,
    dtype: Any = None,
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Gamma numbers of shape ``alpha`` and scale ``beta`` (both above 0, else ``MXNetError``): mean ``alpha beta``.

    Of shape (1,), float32 and on the default context unless given; written to ``out`` if that is. With arrays as
    parameters, ``shape`` numbers for each of their elements.

    >>> from lazynd import nd
    >>> nd.random.gamma(nd.array([1, 100]), nd.array([1, 2]), shape=(3,)).shape
    (2, 3)
    """
    _at_least("alpha", alpha, 0, strictly=True)
    _at_least("beta", beta, 0, strictly=True)
    return _draw("gamma", (alpha, beta), shape, ctx, dtype, out, calling_frame())


@reports("negative_binomial", keywords=True)
def negative_binomial(
    k: int | NDArray = 1,
    p: float | NDArray = 1,
    shape: Shape | None = None,
    dtype: Any = None,
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Failures before ``k`` successes of probability ``p``, as floats; ``MXNetError`` for ``k`` or ``p`` below 0.

    Of shape (1,), float32 and on the default context unless given; written to ``out`` if that is. With arrays as
    parameters, ``shape`` numbers for each of their elements.

    >>> from lazynd import nd
    >>> nd.random.negative_binomial(3, 1.0, shape=(2,)).asnumpy()
    array([0., 0.], dtype=float32)
    """
    _at_least("k", k, 0)
    _at_least("p", p, 0)
    return _draw("negative_binomial", (k, p), shape, ctx, dtype, out, calling_frame())


@reports("generalized_negative_binomial", keywords=True)
def generalized_negative_binomial(
    mu: float | NDArray = 1,
    alpha: float | NDArray = 1,
    shape: Shape | None = None,
    dtype: Any = None,
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Counts of mean ``mu`` and variance ``mu + alpha mu^2``, as floats; ``MXNetError`` if one is below 0.

    Of shape (1,), float32 and on the default context unless given; written to ``out`` if that is. With arrays as
    parameters, ``shape`` numbers for each of their elements.

    >>> from lazynd import nd
    >>> nd.random.generalized_negative_binomial(0, 0.5, shape=(2,)).asnumpy()
    array([0., 0.], dtype=float32)
    """
    _at_least("mu", mu, 0)
    _at_least("alpha", alpha, 0)
    return _draw("generalized_negative_binomial", (mu, alpha), shape, ctx, dtype, out, calling_frame())


@reports("multinomial", keywords=True)
def multinomial(
    data: NDArray, shape: Shape | None = None, get_prob: bool = False, out: NDArray | None = None, dtype: Any = "int32"
) -> NDArray | list[NDArray]:
    """Classes drawn with the probabilities along the last axis of ``data``: ``shape`` for each of its lines.

    ``get_prob`` gives the logarithms of their probabilities too, which have gradients. Written to ``out`` if given.

    >>> from lazynd import nd
    >>> nd.random.multinomial(nd.array([[0, 1, 0], [1, 0, 0]]), shape=(2,)).asnumpy()
    array([[1, 1],
           [0, 0]], dtype=int32)
    """
    attributes = (() if shape is None else as_extents(shape), get_prob, as_dtype(dtype))
    cells = invoke(OPERATORS["_sample_multinomial"], (data._cell,), attributes, calling_frame())
    made = [NDArray(cell) for cell in cells]
    return made if get_prob and out is None else _given(made[0], out)


@reports("shuffle", keywords=True)
def shuffle(data: NDArray, out: NDArray | None = None) -> NDArray:
    """``data`` with its elements along the first axis in random order; written to ``out`` if given.

    >>> from lazynd import nd
    >>> sorted(nd.random.shuffle(nd.arange(4)).asnumpy().tolist())
    [0.0, 1.0, 2.0, 3.0]
    """
    return _given(NDArray(invoke(OPERATORS["_shuffle"], (data._cell,), (), calling_frame())[0]), out)


_operator, _names = namespace(__name__, "_random_")


def __getattr__(name: str) -> Any:
    if not name.endswith("_like"):
        raise absent("random" if has("random", name) else "nd.random", name)
    return _operator(name)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in _names() if name.endswith("_like"))})
