"""The discrete Fourier transform."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import build as ir
from ..errors import OperatorError
from ..primitive import Primitive
from ..specialization import Specialization
from ..types import Type, widened
from ..value import Value
from .elementwise import Array, Samples


class FFT(Primitive):
    """Sums of x[k] exp(-2 pi i j k / n) along the last axis but one. The last axis has a real and an imaginary part.

    ``inverse`` has the other sign in the exponent, and divides by nothing. Each is the transpose of the other.
    """

    name = "fft"
    kinds = "f"
    linear = True
    cheap = False

    def infer(self, x: Type, *, inverse: bool) -> Type:
        if x.ndim < 2 or x.shape[-1] != 2 or not x.shape[-2]:
            raise OperatorError(f"fft: expected lines of pairs, real and imaginary, got {x}")
        return x

    def flops(self, spec: Specialization) -> tuple[int, ...]:
        """As the field counts: 5 n log2(n) for a line of n."""
        *lines, n, _ = spec.in_types[0].shape
        return (5, *lines, n, (n - 1).bit_length())

    def vjp(self, g: Value, y: Value, x: Value, *, inverse: bool) -> tuple[Value]:
        return (ir.fft(g, inverse=not inverse),)

    def evaluate(self, x: Array, *, inverse: bool) -> Array:
        numbers = np.ascontiguousarray(x, widened(x.dtype))
        lines = numbers.view(np.result_type(numbers.dtype, np.complex64))[..., 0]
        made = np.fft.ifft(lines, axis=-1, norm="forward") if inverse else np.fft.fft(lines, axis=-1)
        return np.stack([made.real, made.imag], -1).astype(x.dtype)

    @classmethod
    def samples(cls, rng: np.random.Generator) -> Samples:
        def draw(*shape: int) -> Any:
            return rng.uniform(-1, 1, shape).astype("float32")

        return [((draw(2, 3, 2),), {"inverse": False}), ((draw(8, 2),), {"inverse": True})]
