"""Inside whatever the host program does with jax: its traces and its settings neither break nor change our programs."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lazynd import autograd, nd
from lazynd.backends import get_backend
from lazynd.ir.types import CPU

pytestmark = pytest.mark.lazy

#: Sizes that no program was compiled for before.
SIZES = itertools.count(1009)


def work() -> None:
    """Programs that are new: NaN, infinity, numbers, gradients, a loop, donation, 64 bits, an index, a draw, a copy."""
    n = next(SIZES)
    x = nd.array(np.arange(n) % 3 - 1)
    x.attach_grad()
    with autograd.record():
        y = (x * x * 1.5).sum()
    y.backward()
    for i in range(3):  # the numbers repeat, then change
        x -= 0.5 * (i == 2) * x.grad
    infinite = 1 / nd.zeros((n,))
    variables = nd.zeros((1,)), nd.ones((n,))
    _, (_, doubled) = nd.contrib.while_loop(
        lambda i, t: i < 3, lambda i, t: ([], (i + 1, t * 2)), variables, max_iterations=4
    )
    results = {
        "stepped": (x[:3], [0.5, 0, -0.5]),
        "infinite": (infinite[:2], [np.inf, np.inf]),
        "not a number": ((nd.log(x - 9) + infinite)[:2], [np.nan, np.nan]),
        "looped": (doubled[:2], [8, 8]),
        "wide": (nd.array([1, 2**40], dtype="int64") * 3, [3, 3 * 2**40]),
        "chosen": (x[nd.array([0, 2])], [0.5, -0.5]),
        "drawn": (nd.random.uniform(shape=(n,)).max() < 1, 1),
        "shared": (nd.from_dlpack(nd.ones((n,)).to_dlpack_for_read())[:2], [1, 1]),
    }
    for name, (array, expected) in results.items():
        np.testing.assert_array_equal(array.asnumpy(), expected, name)
    backend = get_backend("xla")
    np.testing.assert_array_equal(backend.get(backend.copy(backend.put(np.ones(n), CPU))), 1)


@contextmanager
def everywhere(name: str, value: Any) -> Iterator[None]:
    """A setting for the whole process."""
    before = getattr(jax.config, name)
    jax.config.update(name, value)
    try:
        yield
    finally:
        jax.config.update(name, before)


HOSTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "disable_jit": lambda: jax.disable_jit(),
    "debug_nans": lambda: jax.debug_nans(True),
    "debug_infs": lambda: jax.debug_infs(True),
    "no_tracing": lambda: jax.no_tracing(),
    "disallow": lambda: jax.transfer_guard("disallow"),
    "disallow_explicit": lambda: jax.transfer_guard("disallow_explicit"),
    "between devices": lambda: jax.transfer_guard_device_to_device("disallow_explicit"),
    "disable_jit everywhere": lambda: everywhere("jax_disable_jit", True),
    "debug_nans everywhere": lambda: everywhere("jax_debug_nans", True),
    "disallow everywhere": lambda: everywhere("jax_transfer_guard", "disallow"),
}


def settings() -> dict[str, Any]:
    return {name: getattr(jax.config, name, None) for name in jax.config.values}


@pytest.mark.parametrize("host", HOSTS)
def test_settings_of_the_host_program_do_not_reach_ours(host: str) -> None:
    before = settings()
    with HOSTS[host]():
        inside = settings()
        assert inside != before
        work()
        assert settings() == inside
    assert settings() == before


def test_the_host_program_is_still_told_of_its_own() -> None:
    with jax.debug_nans(True):
        work()
        with pytest.raises(FloatingPointError):
            jnp.log(-jnp.ones(3)).block_until_ready()
    with jax.transfer_guard("disallow"):
        work()
        with pytest.raises(Exception, match="Disallowed host-to-device"):
            jnp.ones(3) + np.ones(3)


def test_arrays_stay_concrete_where_the_host_program_is_tracing(tracing: Callable[[Callable[[Any], Any]], Any]) -> None:
    n = next(SIZES)
    data = np.arange(n, dtype=np.float32)
    old, computed = nd.array(data), nd.ones((n,)) * 4
    computed.wait_to_read()
    made: list[Any] = []

    def function(z: Any) -> Any:
        inside = nd.array(data) * 2  # moved to the device inside
        kept = old.copy()
        for _ in range(3):  # numbers that repeat stay on the device
            values = (old + 1.5).asnumpy()
        nd.ones((n,)).to_dlpack_for_read()
        changed = nd.array(data)
        changed[:] = changed + old  # donated, or copied
        made.extend((inside, kept, changed, computed * 3 + old))
        np.testing.assert_array_equal(values, data + 1.5)
        np.testing.assert_array_equal(made[-1].asnumpy(), 12 + data)
        np.testing.assert_array_equal(changed.asnumpy(), 2 * data)
        return z + values[0]

    tracing(function)
    kept = ((old, data), (computed, 0 * data + 4), *zip(made[:3], (2 * data, data, 2 * data), strict=True))
    for array, expected in kept:
        np.testing.assert_array_equal(array.asnumpy(), expected)
        np.testing.assert_array_equal((array + 1.5).asnumpy(), expected + 1.5)
    np.testing.assert_array_equal((old + 1.5).asnumpy(), data + 1.5)


TRACES: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "jit": lambda f: np.testing.assert_array_equal(jax.jit(f)(jnp.ones(3)), 2.5),
    "vmap": lambda f: np.testing.assert_array_equal(jax.vmap(f, axis_name="i")(jnp.ones(3)), 2.5),
    "jit of vmap": lambda f: np.testing.assert_array_equal(jax.jit(jax.vmap(f))(jnp.ones(3)), 2.5),
    "eval_shape": lambda f: jax.eval_shape(f, jnp.ones(3)),
    "grad": lambda f: np.testing.assert_array_equal(jax.grad(lambda z: f(z).sum())(jnp.ones(3)), 1),
    "scan": lambda f: jax.lax.scan(lambda c, z: (f(c), z), jnp.ones(3), jnp.ones(3)),
}


@pytest.fixture(params=TRACES)
def tracing(request: pytest.FixtureRequest) -> Callable[[Callable[[Any], Any]], Any]:
    return TRACES[request.param]


def test_a_mesh_of_other_devices_is_left_aside() -> None:
    program = """
import jax
from lazynd import nd
mesh = jax.make_mesh((2,), ("x",))
with jax.set_mesh(mesh):
    print((nd.ones((3,)) * 2 + 1).asnumpy(), jax.sharding.get_mesh() == mesh)
jax.set_mesh(mesh)
print((nd.ones((4,)) * 2 + 1).asnumpy(), jax.sharding.get_mesh() == mesh)
"""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
    given = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "LAZYND_CACHE": "off"}
    done = subprocess.run([sys.executable, "-c", program], env=given, capture_output=True, text=True, timeout=120)
    assert done.stdout == "[3. 3. 3.] True\n[3. 3. 3. 3.] True\n", done.stderr
