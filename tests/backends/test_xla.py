"""The XLA backend's own promises: how the client starts, what a program weighs, what compiles nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import pytest

import lazynd
from lazynd.backends import xla
from lazynd.ir.graph import Graph
from lazynd.ir.node import Node, apply, leaf
from lazynd.ir.primitive import PRIMITIVES
from lazynd.ir.types import CPU, Context, Type

pytestmark = pytest.mark.lazy

PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> xla.XlaBackend:
    monkeypatch.setattr(lazynd.config, "cache", None)
    return xla.XlaBackend()


@pytest.fixture
def events() -> Iterator[list[str]]:
    """The names of jax's compile events."""
    found: list[str] = []

    def note(name: str, *_: Any, **__: Any) -> None:
        if "/compile/" in name:
            found.append(name)

    jax.monitoring.register_event_duration_secs_listener(note)
    yield found
    jax.monitoring.clear_event_listeners()


@pytest.mark.parametrize("said", [{}, {PREALLOCATE: "true"}, {"XLA_PYTHON_CLIENT_MEM_FRACTION": ".5"}], ids=str)
def test_gpu_memory_grows_unless_the_user_has_said_otherwise(
    said: dict[str, str], backend: xla.XlaBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("XLA_PYTHON_CLIENT_")]:
        monkeypatch.delenv(name)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    seen = []
    devices = jax.local_devices(backend="cpu")

    def start(**_: Any) -> Any:
        seen.append(os.environ.get(PREALLOCATE))
        return devices

    monkeypatch.setattr(xla.jax, "local_devices", start)
    before = dict(os.environ)
    assert backend.device_count("gpu") == len(devices)
    assert dict(os.environ) == before
    assert seen == ([said.get(PREALLOCATE)] if said else ["false"])
    backend.device_count("gpu")
    assert len(seen) == 1, "devices are looked up once"


def test_the_variable_is_removed_when_the_client_fails_too(
    backend: xla.XlaBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> Any:
        raise RuntimeError("no such platform")

    monkeypatch.setattr(xla.jax, "local_devices", fail)
    before = dict(os.environ)
    assert backend.device_count("gpu") == 0
    assert dict(os.environ) == before
    with pytest.raises(lazynd.MXNetError, match=r"no device gpu\(0\)"):
        backend.put(np.zeros(2), Context("gpu", 0))


def chain(length: int) -> Graph:
    x: Node = leaf(Type((64,), np.dtype("float32")))
    y = x
    for name in ("sine", "exponential") * (length // 2):
        y = apply(PRIMITIVES[name].specialize((y.type,), {}), (y,))
    return Graph([x], [y])


def test_a_larger_program_weighs_more(backend: xla.XlaBackend) -> None:
    small, large = (backend.compile(chain(n), 0, (), False)[0].nbytes for n in (2, 40))
    assert 4096 < small < large


def test_what_is_kept_weighs_what_it_takes_on_disk(
    backend: xla.XlaBackend, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazynd.config, "cache", tmp_path)
    executable, _ = backend.compile(chain(6), 0, (), True)
    (entry,) = tmp_path.rglob("*.entry")
    assert 0 < entry.stat().st_size - executable.nbytes < 100, "but for the header"


@pytest.mark.parametrize("length", [2, 6, 40])
def test_the_estimate_is_near_what_the_program_takes(
    length: int, backend: xla.XlaBackend, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a bound on a cache: within a factor of four of the serialized program."""
    monkeypatch.setattr(lazynd.config, "cache", tmp_path)
    executable, _ = backend.compile(chain(length), 0, (), True)
    assert executable.nbytes / 4 < xla._estimated_bytes(chain(length)) < executable.nbytes * 4


def test_moving_copying_and_reading_compile_nothing(backend: xla.XlaBackend, events: list[str]) -> None:
    """So that lazynd's counters are jax's: each compile is a program or a kernel."""
    for dtype in ("float32", "float64", "int64", "bool", "float16"):
        buffer = backend.put(np.ones((7, 11), dtype), CPU)
        assert buffer.dtype == np.dtype(dtype)
        other = backend.copy(buffer)
        backend.wait(other)
        assert other.unsafe_buffer_pointer() != buffer.unsafe_buffer_pointer()
        assert backend.get(other).dtype == np.dtype(dtype)
    assert not events


def test_a_donated_buffer_is_consumed_and_its_copy_is_not(backend: xla.XlaBackend) -> None:
    executable, _ = backend.compile(chain(2), 0, (0,), False)
    buffer = backend.put(np.ones(64, np.float32), CPU)
    kept = backend.copy(buffer)
    (result,) = executable([buffer], [])
    np.testing.assert_allclose(backend.get(result), np.exp(np.sin(1)), rtol=1e-6)
    assert backend.consumed(buffer) and not backend.consumed(kept)
    np.testing.assert_array_equal(backend.get(kept), 1)


def test_a_read_is_private_and_writable(backend: xla.XlaBackend) -> None:
    buffer = backend.put(np.zeros(4), CPU)
    found = backend.get(buffer)
    found[:] = 5
    np.testing.assert_array_equal(backend.get(buffer), 0)
