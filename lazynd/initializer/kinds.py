"""The initializers: constant, drawn, orthogonal, interpolating."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from .. import nd
from ..nd import NDArray, random
from .base import Initializer, alias, register


@register
@alias("zeros")
class Zero(Initializer):
    """Zeros.

    >>> from lazynd import init, nd
    >>> w = nd.ones((2,))
    >>> init.Zero()(init.InitDesc("weight"), w)
    >>> w.asnumpy()
    array([0., 0.], dtype=float32)
    """

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = 0


@register
@alias("ones")
class One(Initializer):
    """Ones.

    >>> from lazynd import init, nd
    >>> w = nd.zeros((2,))
    >>> init.One()(init.InitDesc("weight"), w)
    >>> w.asnumpy()
    array([1., 1.], dtype=float32)
    """

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = 1


@register
class Constant(Initializer):
    """``value`` everywhere: a number, or an array that fits.

    >>> from lazynd import init, nd
    >>> w = nd.zeros((2,))
    >>> init.Constant(3)(init.InitDesc("weight"), w)
    >>> w.asnumpy()
    array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any) -> None:
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = self.value

    def dumps(self) -> str:
        """Name and value as JSON, of which ``init.create`` makes the same initializer.

        >>> from lazynd import init
        >>> init.Constant(3).dumps()
        '["constant", {"value": 3}]'
        """
        value = self._kwargs["value"]
        plain = value if np.isscalar(value) else np.asarray(value).tolist()
        return json.dumps([type(self).__name__.lower(), {"value": plain}])


@register
class Uniform(Initializer):
    """Numbers uniform in [-``scale``, ``scale``).

    >>> from lazynd import init, nd
    >>> w = nd.zeros((100,))
    >>> init.Uniform(0.5)(init.InitDesc("weight"), w)
    >>> bool(w.abs().max() <= 0.5)
    True
    """

    def __init__(self, scale: float = 0.07) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, name: str, arr: NDArray) -> None:
        random.uniform(-self.scale, self.scale, out=arr)


@register
class Normal(Initializer):
    """Normal numbers of mean 0 and standard deviation ``sigma``.

    >>> from lazynd import init, nd
    >>> w = nd.zeros((1000,))
    >>> init.Normal(0.5)(init.InitDesc("weight"), w)
    >>> round(float(w.norm() / 1000 ** 0.5), 1)
    0.5
    """

    def __init__(self, sigma: float = 0.01) -> None:
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, name: str, arr: NDArray) -> None:
        random.normal(0, self.sigma, out=arr)


@register
class Orthogonal(Initializer):
    """An orthogonal matrix times ``scale``: rows, or columns if these are fewer, of that length at right angles.

    The array counts as a matrix of its first extent by all others. It comes from a factorisation of a matrix of random
    numbers, "uniform" or "normal" as ``rand_type`` says (Saxe, McClelland and Ganguli, 2013, arXiv 1312.6120).

    >>> from lazynd import init, nd
    >>> w = nd.zeros((2, 5))
    >>> init.Orthogonal(scale=2)(init.InitDesc("weight"), w)
    >>> nd.dot(w, w.T).round().asnumpy()
    array([[4., 0.],
           [0., 4.]], dtype=float32)
    """

    def __init__(self, scale: float = 1.414, rand_type: str = "uniform") -> None:
        super().__init__(scale=scale, rand_type=rand_type)
        self.scale = scale
        self.rand_type = rand_type

    def _init_weight(self, name: str, arr: NDArray) -> None:
        rows, columns = arr.shape[0], math.prod(arr.shape[1:])
        options: dict[str, Any] = {
            "shape": (min(rows, columns), max(rows, columns)), "ctx": arr.context,
            "dtype": "float64" if arr.dtype == np.float64 else "float32",
        }  # fmt: skip
        if self.rand_type == "uniform":
            drawn = random.uniform(-1.0, 1.0, **options)
        elif self.rand_type == "normal":
            drawn = random.normal(0.0, 1.0, **options)
        else:
            raise ValueError(f'rand_type is "uniform" or "normal", not {self.rand_type!r}')
        made = _orthonormal(drawn)
        arr[:] = ((made if rows <= columns else made.T) * self.scale).reshape(arr.shape).astype(arr.dtype)


def _orthonormal(drawn: NDArray) -> NDArray:
    """The rows of a matrix made orthonormal, one after the other, by Gram and Schmidt.

    A row is projected twice, after which what is left of the others is rounding; it is recorded, not read.
    """

    def next_row(given: Any, found: NDArray) -> tuple[NDArray, NDArray]:
        row, place = given
        for _ in range(2):
            row = row - nd.dot(nd.dot(found, row), found)
        row = row / nd.norm(row)
        return row, found + place.expand_dims(1) * row.expand_dims(0)

    count = drawn.shape[0]
    places = nd.eye(count, dtype=drawn.dtype, ctx=drawn.context)
    made: NDArray = nd.contrib.foreach(next_row, [drawn, places], nd.zeros_like(drawn))[0]
    return made


@register
class Xavier(Initializer):
    """Numbers whose size keeps that of what passes through the layer (Glorot and Bengio, 2010).

    Of variance ``magnitude / n / 3`` if ``rnd_type`` is "uniform", ``magnitude / n`` if it is "gaussian", where ``n``
    is the number of inputs ("in"), of outputs ("out"), or their mean ("avg"), as ``factor_type`` says. For a
    convolution these are channels times the window. ``ValueError`` for an array of less than two dimensions.

    >>> from lazynd import init, nd
    >>> w = nd.zeros((30, 20))
    >>> init.Xavier()(init.InitDesc("weight"), w)
    >>> bool(w.abs().max() <= (3 / 25) ** 0.5)
    True
    """

    def __init__(self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3) -> None:
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        self.rnd_type = rnd_type
        self.factor_type = factor_type
        self.magnitude = float(magnitude)

    def _init_weight(self, name: str, arr: NDArray) -> None:
        shape = arr.shape
        if len(shape) < 2:
            raise ValueError(f"Xavier initializer cannot be applied to vector {name}. It requires at least 2D.")
        window = math.prod(shape[2:])
        fan_in, fan_out = shape[1] * window, shape[0] * window
        factors = {"avg": (fan_in + fan_out) / 2, "in": fan_in, "out": fan_out}
        if self.factor_type not in factors:
            raise ValueError("Incorrect factor type")
        scale = math.sqrt(self.magnitude / factors[self.factor_type])
        if self.rnd_type == "uniform":
            random.uniform(-scale, scale, out=arr)
        elif self.rnd_type == "gaussian":
            random.normal(0, scale, out=arr)
        else:
            raise ValueError("Unknown random type")


@register
class MSRAPrelu(Xavier):
    """Normal numbers for layers followed by a PReLU of slope ``slope`` (He et al., 2015, arXiv 1502.01852).

    Of variance ``2 / (1 + slope^2) / n``, with ``n`` by ``factor_type`` as in ``Xavier``.

    >>> from lazynd import init, nd
    >>> w = nd.zeros((30, 20))
    >>> init.MSRAPrelu(slope=0)(init.InitDesc("weight"), w)
    >>> abs(float(w.norm() / 600 ** 0.5) - (2 / 25) ** 0.5) < 0.05
    True
    """

    def __init__(self, factor_type: str = "avg", slope: float = 0.25) -> None:
        super().__init__("gaussian", factor_type, 2.0 / (1 + slope**2))
        self._kwargs = {"factor_type": factor_type, "slope": slope}


@register
class Bilinear(Initializer):
    """The weights with which a transposed convolution interpolates bilinearly, as ``UpSampling`` does.

    >>> from lazynd import init, nd
    >>> w = nd.zeros((1, 1, 4, 4))
    >>> init.Bilinear()(init.InitDesc("weight"), w)
    >>> w[0, 0, 1].asnumpy()
    array([0.1875, 0.5625, 0.5625, 0.1875], dtype=float32)
    """

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, name: str, arr: NDArray) -> None:
        self._init_bilinear(name, arr)
