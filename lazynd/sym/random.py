"""``sym.random``: draws, for each element where parameters are symbols. One draw, if no shape is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..reference import absent
from . import generate
from .arithmetic import is_number
from .compose import call
from .symbol import Symbol

__all__ = [
    "exponential", "gamma", "generalized_negative_binomial", "multinomial", "negative_binomial", "normal", "poisson",
    "randint", "randn", "shuffle", "uniform",
]  # fmt: skip

Parameter = float | Symbol
Extents = int | Sequence[int] | None


def _draw(name: str, parameters: dict[str, Any], shape: Extents, dtype: Any, kwargs: dict[str, Any]) -> Symbol:
    """Draws of the distribution ``name``, whose parameters are all symbols or all numbers."""
    options: dict[str, Any] = {key: value for key, value in (("shape", shape), ("dtype", dtype)) if value is not None}
    symbols = [p for p in parameters.values() if isinstance(p, Symbol)]
    if symbols and len(symbols) < len(parameters):
        kinds = " and ".join(str(type(p)) for p in parameters.values())
        raise AssertionError(f"Distribution parameters must all have the same type, but got both {kinds}.")
    if symbols:
        return Symbol(call(f"_sample_{name}", *symbols, **options, **kwargs))
    for each in parameters.values():
        if not is_number(each):
            raise ValueError(f"Distribution parameters must be either Symbol or numbers, but got {type(each)}.")
    return Symbol(call(f"_random_{name}", **parameters, **options, **kwargs))


def uniform(low: Parameter = 0, high: Parameter = 1, shape: Extents = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Numbers uniform in [low, high). ``name``, ``ctx`` and ``attr`` are keywords of this and all others.

    >>> from lazynd import sym
    >>> sym.random.uniform(0, 1, (2, 3)).infer_shape()[1]
    [(2, 3)]
    """
    return _draw("uniform", {"low": low, "high": high}, shape, dtype, kwargs)


def normal(loc: Parameter = 0, scale: Parameter = 1, shape: Extents = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Normal numbers of mean ``loc`` and standard deviation ``scale``.

    >>> from lazynd import sym
    >>> sym.random.normal(sym.var("m"), sym.var("s"), (3,)).infer_shape(m=(2,))[1]
    [(2, 3)]
    """
    return _draw("normal", {"loc": loc, "scale": scale}, shape, dtype, kwargs)


def randn(*shape: int, **kwargs: Any) -> Symbol:
    """Normal numbers of the shape given by the arguments; ``loc``, ``scale`` and ``dtype`` as for ``normal``.

    >>> from lazynd import sym
    >>> sym.random.randn(2, 3).infer_shape()[1]
    [(2, 3)]
    """
    parameters = {"loc": kwargs.pop("loc", 0), "scale": kwargs.pop("scale", 1)}
    return _draw("normal", parameters, shape, kwargs.pop("dtype", None), kwargs)


def poisson(lam: Parameter = 1, shape: Extents = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Poisson numbers of rate ``lam``, as floats.

    >>> from lazynd import sym
    >>> sym.random.poisson(3, (2,)).infer_shape()[1]
    [(2,)]
    """
    return _draw("poisson", {"lam": lam}, shape, dtype, kwargs)


def exponential(scale: Parameter = 1, shape: Extents = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Exponential numbers of mean ``scale``.

    >>> from lazynd import sym
    >>> sym.random.exponential(2, (2,)).list_attr()["lam"]
    '0.5'
    """
    if isinstance(scale, str):
        raise ValueError(f"Distribution parameters must be either Symbol or numbers, but got {type(scale)}.")
    return _draw("exponential", {"lam": 1.0 / scale}, shape, dtype, kwargs)


def gamma(alpha: Parameter = 1, beta: Parameter = 1, shape: Extents = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Gamma numbers of shape ``alpha`` and scale ``beta``.

    >>> from lazynd import sym
    >>> sym.random.gamma(2, 3, (2,)).infer_shape()[1]
    [(2,)]
    """
    return _draw("gamma", {"alpha": alpha, "beta": beta}, shape, dtype, kwargs)


def negative_binomial(
    k: Parameter = 1, p: Parameter = 1, shape: Extents = None, dtype: Any = None, **kwargs: Any
) -> Symbol:
    """Failures before ``k`` successes of probability ``p``, as floats.

    >>> from lazynd import sym
    >>> sym.random.negative_binomial(2, 0.5, (2,)).infer_shape()[1]
    [(2,)]
    """
    return _draw("negative_binomial", {"k": k, "p": p}, shape, dtype, kwargs)


def generalized_negative_binomial(
    mu: Parameter = 1, alpha: Parameter = 1, shape: Extents = None, dtype: Any = None, **kwargs: Any
) -> Symbol:
    """Counts of mean ``mu`` and variance ``mu + alpha mu^2``, as floats.

    >>> from lazynd import sym
    >>> sym.random.generalized_negative_binomial(2, 0.5, (2,)).infer_shape()[1]
    [(2,)]
    """
    return _draw("generalized_negative_binomial", {"mu": mu, "alpha": alpha}, shape, dtype, kwargs)


def randint(low: int, high: int, shape: Extents = None, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Integers uniform in [low, high), int32 by default.

    >>> from lazynd import sym
    >>> sym.random.randint(0, 3, (2,)).infer_type()[1]
    [<class 'numpy.int32'>]
    """
    if isinstance(low, Symbol) or isinstance(high, Symbol):
        raise ValueError("the bounds of randint must be numbers")
    return _draw("randint", {"low": low, "high": high}, shape, dtype, kwargs)


def multinomial(
    data: Symbol, shape: Extents = None, get_prob: bool = True, dtype: Any = "int32", **kwargs: Any
) -> Symbol:
    """Classes drawn with the probabilities along the last axis of ``data``; ``get_prob``: and their logarithms.

    >>> from lazynd import sym
    >>> len(sym.random.multinomial(sym.var("p"))), len(sym.random.multinomial(sym.var("p"), get_prob=False))
    (2, 1)
    """
    options: dict[str, Any] = {} if shape is None else {"shape": shape}
    return Symbol(call("_sample_multinomial", data, get_prob=get_prob, dtype=dtype, **options, **kwargs))


def shuffle(data: Symbol, **kwargs: Any) -> Symbol:
    """``data`` with its elements along the first axis in random order.

    >>> from lazynd import sym
    >>> sym.random.shuffle(sym.var("x")).infer_shape(x=(3, 2))[1]
    [(3, 2)]
    """
    return Symbol(call("_shuffle", data, **kwargs))


_operator, _names = generate.namespace(__name__, "_random_")


def __getattr__(name: str) -> Any:
    if not name.endswith("_like"):
        raise absent("sym.random", name)
    return _operator(name)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in _names() if name.endswith("_like"))})
