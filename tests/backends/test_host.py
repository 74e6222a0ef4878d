"""The host program uses jax too: neither its settings nor its traces reach lazynd's arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lazynd import nd

SETTINGS: dict[str, Callable[[], Any]] = {
    "no jit": lambda: jax.disable_jit(),
    "no transfers": lambda: jax.transfer_guard("disallow"),
    "no explicit transfers": lambda: jax.transfer_guard("disallow_explicit"),
    "no transfers to the device": lambda: jax.transfer_guard_host_to_device("disallow"),
    "no transfers to the host": lambda: jax.transfer_guard_device_to_host("disallow_explicit"),
    "no NaN": lambda: jax.debug_nans(True),
    "no infinities": lambda: jax.debug_infs(True),
}


def quotient(rate: float) -> list[float]:
    """A program with a number, an infinity and a NaN in it."""
    x = nd.array([1.0, 0.0]) * rate
    return (x / nd.zeros((2,))).asnumpy().tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_for_debugging_stay_with_the_host(setting: str, empty_programs: None) -> None:
    with SETTINGS[setting]():
        inside = jax.config.jax_disable_jit, jax.config.jax_transfer_guard, jax.config.jax_debug_nans  # type: ignore[attr-defined]
        for rate in (2.0, 2.0, 3.0):  # compiled; run again with the same number; with another
            first, second = quotient(rate)
            assert first == np.inf and np.isnan(second)
        after = jax.config.jax_disable_jit, jax.config.jax_transfer_guard, jax.config.jax_debug_nans  # type: ignore[attr-defined]
        assert after == inside


@pytest.fixture
def empty_programs() -> None:
    """Everything is compiled anew."""
    from lazynd.runtime import kernels
    from lazynd.runtime.engine import PROGRAMS

    PROGRAMS.clear()
    kernels._KERNELS.clear()


@pytest.mark.parametrize(
    "trace",
    [
        lambda f: jax.jit(f)(jnp.ones(3)),
        lambda f: jax.vmap(f)(jnp.ones((2, 3)))[0],
        lambda f: jax.grad(lambda z: f(z * z).sum())(jnp.ones(3)) * 0 + f(jnp.ones(3)),
        lambda f: jax.lax.scan(lambda c, z: (f(c), z), jnp.ones(3), jnp.arange(1.0))[0],
        lambda f: [jax.eval_shape(f, jnp.ones(3)), f(jnp.ones(3))][1],
    ],
    ids=["jit", "vmap", "grad", "scan", "eval_shape"],
)
@pytest.mark.parametrize("forced", [False, True])
def test_arrays_have_values_inside_of_a_trace_of_the_hosts(trace: Any, forced: bool) -> None:
    x = nd.array([1, 2, 3])
    made = x * 2
    if forced:
        made.wait_to_read()
    found = trace(lambda z: z + (made + x).asnumpy() + made.copy().asnumpy())
    assert np.asarray(found).tolist() == [6, 11, 16]
    assert x.asnumpy().tolist() == [1, 2, 3] and made.asnumpy().tolist() == [2, 4, 6]
