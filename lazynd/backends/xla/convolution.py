"""Convolution in JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from .lower import lowers

Ints = tuple[int, ...]


@lowers("convolution")
def _convolution(
    x: jax.Array, w: jax.Array, *, strides: Ints, low: Ints, high: Ints, spread: Ints, dilation: Ints
) -> jax.Array:
    batch, groups = x.shape[:2]
    wide = jnp.float32 if x.dtype == jnp.float16 else x.dtype
    made = lax.conv_general_dilated(
        x.reshape(batch, groups * x.shape[2], *x.shape[3:]),
        w.reshape(groups * w.shape[1], *w.shape[2:]),
        strides, list(zip(low, high, strict=True)), spread, dilation, feature_group_count=groups,
        precision=lax.Precision.HIGHEST, preferred_element_type=wide,
    )  # fmt: skip
    return made.reshape(batch, groups, w.shape[1], *made.shape[2:]).astype(x.dtype)
