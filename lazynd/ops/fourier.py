"""Fourier transforms and count sketches: what compact bilinear pooling is made of."""

from __future__ import annotations

from typing import Any

from ..ir import build as ir
from ..ir.build import Value
from ..ir.types import INT32, counting, require, require_floats
from .operator import floats as _f
from .operator import op
from .precision import wide


def _check(data: Value) -> None:
    require(data.ndim in (2, 4), f"Data should be 2D or 4D, got {data.type}")
    require_floats(data.type)
    require(data.shape[-1] > 0, f"a line of no numbers has no transform, got {data.type}")


@op(name="_contrib_fft", samples=lambda r: [((_f(r, 2, 5),), {}), ((_f(r, 1, 2, 2, 4),), {})], method=False)
def fft(data: Value, *, compute_size: int = 128) -> Value:
    """The discrete Fourier transform of each line of real numbers along the last axis.

    Of [n, d] or [n1, n2, n3, d] it makes [..., 2 d]: the real and the imaginary part of each number, in turns. Floats
    only. ``compute_size`` changes nothing.

    >>> from lazynd import nd
    >>> nd.contrib.fft(nd.array([[1, 2, 0, 0]])).asnumpy()
    array([[ 3.,  0.,  1., -2., -1.,  0.,  1.,  2.]], dtype=float32)
    """
    _check(data)
    real = ir.expand_dims(wide(data), -1)
    pairs = ir.pad(real, 0, [0] * real.ndim, [*[0] * data.ndim, 1])
    made = ir.fft(pairs, inverse=False)
    return ir.convert(ir.reshape(made, (*data.shape[:-1], 2 * data.shape[-1])), data.dtype)


@op(name="_contrib_ifft", samples=lambda r: [((_f(r, 2, 10),), {}), ((_f(r, 1, 2, 2, 8),), {})], method=False)
def ifft(data: Value, *, compute_size: int = 128) -> Value:
    """The real part of the inverse Fourier transform of each line along the last axis, not divided by its length.

    Of [n, 2 d] or [n1, n2, n3, 2 d], real and imaginary parts in turns as ``fft`` gives them, it makes [..., d]. So
    ``ifft(fft(x))`` is ``d * x``. Floats only. ``compute_size`` changes nothing.

    >>> from lazynd import nd
    >>> nd.contrib.ifft(nd.contrib.fft(nd.array([[1, 2, 0, 0]]))).asnumpy() / 4
    array([[1., 2., 0., 0.]], dtype=float32)
    """
    _check(data)
    require(data.shape[-1] % 2 == 0, f"Last dimension must be an even number, got {data.type}")
    shape = (*data.shape[:-1], data.shape[-1] // 2)
    made = ir.fft(ir.reshape(wide(data), (*shape, 2)), inverse=True)
    real = ir.slice_(made, [0] * made.ndim, (*shape, 1))
    return ir.convert(ir.reshape(real, shape), data.dtype)


def _sketch_samples(rng: Any) -> list[Any]:
    places, signs = rng.integers(0, 4, (1, 6)).astype("float32"), (rng.integers(0, 2, (1, 6)) * 2 - 1).astype("float32")
    return [((_f(rng, *shape), places, signs), {"out_dim": 4}) for shape in ((3, 6), (1, 2, 2, 6))]


@op(name="_contrib_count_sketch", samples=_sketch_samples, method=False)
def count_sketch(data: Value, h: Value, s: Value, *, out_dim: int, processing_batch_size: int = 32) -> Value:
    """A projection of each line along the last axis to ``out_dim`` numbers: element i is added at ``h[i]``, times
    ``s[i]``.

    ``data`` is [n, d] or [n1, n2, n3, d]; ``h`` and ``s`` are [1, d] of its dtype: places from 0 to ``out_dim`` - 1,
    others are an ``IndexError``, and signs, 1 or -1. These have no gradient. Floats only; half precision is summed up
    in float32. ``processing_batch_size`` changes nothing. Charikar, Chen and Farach-Colton, 2002.

    >>> from lazynd import nd
    >>> x, h, s = nd.array([[1, 2, 3], [4, 5, 6]]), nd.array([[0, 3, 0]]), nd.array([[1, -1, 1]])
    >>> nd.contrib.count_sketch(x, h, s, out_dim=4).asnumpy()
    array([[ 4.,  0.,  0., -2.],
           [10.,  0.,  0., -5.]], dtype=float32)
    """
    require(data.ndim in (2, 4), f"Data should be 2D or 4D, got {data.type}")
    require_floats(data.type)
    require(out_dim > 0, f"out_dim must be positive, got {out_dim}")
    for name, each in (("h", h), ("s", s)):
        fits = each.shape == (1, data.shape[-1]) and each.dtype == data.dtype
        require(fits, f"{name} must be {data.dtype}[1,{data.shape[-1]}] for {data.type}, got {each.type}")
    count = (data.shape[-1],)
    place = ir.reshape(ir.stop_gradient(ir.convert(h, counting(h.dtype))), count)
    place = ir.convert(ir.check_index(place, 0, out_dim, negative=False), INT32)
    sign = ir.reshape(ir.stop_gradient(wide(s)), count)
    parts = ir.moveaxis(wide(data) * sign, data.ndim - 1, 0)
    empty = ir.full((*data.shape[:-1], out_dim), 0, parts.dtype, data.context)
    return ir.convert(ir.scatter(empty, parts, [place], (data.ndim - 1,), "add"), data.dtype)
