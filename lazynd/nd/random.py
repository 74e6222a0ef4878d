"""Random arrays. The same seed gives the same numbers, whenever and with whatever they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.errors import MXNetError
from ..ir.types import Context, as_dtype
from ..ops import OPERATORS
from ..reference import absent, has
from ..runtime import random as streams
from ..runtime.location import calling_frame
from .creation import Shape, _context, _shape
from .invoke import invoke
from .ndarray import NDArray
from .refusal import reports

__all__ = ["exponential", "normal", "poisson", "randint", "randn", "seed", "uniform"]


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
    streams.seed(int(seed_state), None if ctx == "all" else Context(ctx))


def _draw(
    name: str, numbers: Sequence[Any], shape: Shape | None, ctx: Any, dtype: Any, out: NDArray | None, frame: Any
) -> NDArray:
    for number in numbers:
        if isinstance(number, NDArray):
            raise NotImplementedError(f"nd.random: parameters of {name} given as arrays are not built yet")
        if isinstance(number, bool) or not isinstance(number, int | float | np.number):
            raise ValueError(f"Distribution parameters must be numbers or NDArrays, got {type(number)}")
    extents = (out.shape if out is not None else (1,)) if shape is None else _shape(shape)
    if any(n < 0 for n in extents):
        raise MXNetError(f"shape {extents} has a negative extent")
    context = out.context if out is not None else _context(ctx)
    wanted = as_dtype(out.dtype if out is not None and dtype is None else dtype or "float32")
    made = NDArray(invoke(OPERATORS[name], (), (*numbers, extents, context, wanted), frame)[0])
    if out is not None:
        out[:] = made
        return out
    return made


@reports("uniform")
def uniform(
    low: float = 0,
    high: float = 1,
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
    if not isinstance(low, NDArray) and not isinstance(high, NDArray) and high < low:
        text = f"Check failed: param.high >= param.low ({high:g} vs. {low:g})"
        raise MXNetError(f"{text} : low must be less or equal to high in uniform distribution")
    return _draw("_random_uniform", (low, high), shape, ctx, dtype, out, calling_frame())


@reports("normal")
def normal(
    loc: float = 0,
    scale: float = 1,
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
    if not isinstance(scale, NDArray) and scale <= 0:
        text = f"Check failed: param.scale > 0 ({scale:g} vs. 0)"
        raise MXNetError(f"{text} : scale parameter in gaussian has to be positive")
    return _draw("_random_normal", (loc, scale), shape, ctx, dtype, out, calling_frame())


@reports("randn")
def randn(*shape: int, loc: float = 0, scale: float = 1, dtype: Any = None, ctx: Context | None = None) -> NDArray:
    """Normal numbers of the shape given by the arguments, (1,) by default; else as ``normal``.

    >>> from lazynd import nd
    >>> nd.random.randn(2, 3).shape
    (2, 3)
    """
    return normal(loc, scale, shape or None, dtype, ctx)


@reports("poisson")
def poisson(
    lam: float = 1,
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
    if not isinstance(lam, NDArray) and lam < 0:
        raise MXNetError(f"Check failed: param.lam >= 0 ({lam:g} vs. 0) : lambda parameter has to be non-negative")
    return _draw("_random_poisson", (lam,), shape, ctx, dtype, out, calling_frame())


@reports("exponential")
def exponential(
    scale: float = 1,
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
    if not isinstance(scale, NDArray) and scale <= 0:
        raise MXNetError(f"Check failed: scale > 0 ({scale:g} vs. 0) : scale has to be positive")
    rate = scale if isinstance(scale, NDArray) else 1.0 / scale
    return _draw("_random_exponential", (rate,), shape, ctx, dtype, out, calling_frame())


@reports("randint")
def randint(
    low: int,
    high: int,
    shape: Shape | None = None,
    dtype: Any = None,
    ctx: Context | None = None,
    out: NDArray | None = None,
) -> NDArray:
    """Integers uniform in [low, high), int32 by default; ``MXNetError`` where there is none.

    Of shape (1,) and on the default context unless given; written to ``out`` if that is.

    >>> from lazynd import nd
    >>> x = nd.random.randint(3, 6, shape=(1000,))
    >>> x.min().asscalar(), x.max().asscalar()
    (np.int32(3), np.int32(5))
    """
    if low >= high:
        raise MXNetError(f"Check failed: param.high > param.low ({high} vs. {low}) : low must be less than high")
    return _draw("_random_randint", (low, high), shape, ctx, dtype or "int32", out, calling_frame())


def __getattr__(name: str) -> Any:
    raise absent("random" if has("random", name) else "nd.random", name)
