"""Programs kept between processes: the second compiles nothing, and no entry ever changes a result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import lazynd
from lazynd import nd
from lazynd.backends import encode, get_backend, xla
from lazynd.backends.xla import persistent
from lazynd.ir import types
from lazynd.ir.graph import Graph
from lazynd.ir.node import apply, leaf
from lazynd.ir.primitive import PRIMITIVES
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.tell.sites import SITES

pytestmark = pytest.mark.lazy

#: A training loop with a view, a draw, an index, donation, float64 and integers, and a call of LAPACK, which a process
#: that only loads programs has to find first; prints values and counters.
SCRIPT = """
import json, sys, time
started = time.perf_counter()
import jax
compiled = []
jax.monitoring.register_event_duration_secs_listener(lambda name, *_, **__: compiled.append(name))
import lazynd
from lazynd import autograd, nd
def steps():
    w, x = nd.random.normal(shape=(8, 3)), nd.random.uniform(shape=(5, 8))
    w.attach_grad()
    for i in range(4):
        with autograd.record():
            loss = ((nd.dot(x, w).tanh() - 1) ** 2).mean()
        loss.backward()
        w -= 0.1 * w.grad
        x[i] = i
    d = nd.linalg.inverse(nd.arange(4, dtype="float64").reshape((2, 2)) / 7)
    n = nd.array([1, 2, 2**40], dtype="int64") * 3
    return [loss, w, x, w.grad, d, n]
values = [a.asnumpy() for a in steps()]
first = time.perf_counter() - started
s = lazynd.stats()
print(json.dumps({
    "values": [[str(v.dtype), v.tobytes().hex()] for v in values], "programs": s.programs, "loaded": s.loaded,
    "compiled": sum("backend_compile" in name for name in compiled), "seconds": first,
}))
"""


def process(cache: Path | str, script: str = SCRIPT, **environment: str) -> dict[str, Any]:
    given = {**os.environ, "LAZYND_CACHE": str(cache), **environment}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], env=given, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "nothing is printed, by XLA neither"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The persistent cache, on and empty; ``forget`` starts a process anew, as far as it goes."""
    monkeypatch.setattr(lazynd.config, "cache", tmp_path)
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    backend = get_backend("xla")
    assert isinstance(backend, xla.XlaBackend)
    backend._saved.clear()
    PROGRAMS.clear()
    SITES.clear()


def entries(cache: Path) -> list[Path]:
    return sorted((cache / "programs").glob("*/*.entry"))


def run() -> tuple[bytes, int, int]:
    """A computation's bits, and what it compiled and loaded."""
    stats = lazynd.stats()
    programs, loaded = stats.programs, stats.loaded
    x = nd.arange(12).reshape((3, 4))
    bits = (nd.dot(x, x.T).tanh() * 1.5 + x[1].sum()).asnumpy().tobytes()
    return bits, stats.programs - programs, stats.loaded - loaded


def test_a_second_process_compiles_nothing_and_gets_the_same_bits(tmp_path: Path) -> None:
    off = process("off")
    cold, warm = process(tmp_path), process(tmp_path)
    assert cold["programs"] == cold["compiled"] == off["compiled"] > 3
    assert cold["loaded"] == off["loaded"] == 0
    assert warm["compiled"] == warm["programs"] == 0
    assert warm["loaded"] == cold["compiled"]
    assert off["values"] == cold["values"] == warm["values"]


def test_two_processes_at_once_agree(tmp_path: Path) -> None:
    given = {**os.environ, "LAZYND_CACHE": str(tmp_path)}
    started = [
        subprocess.Popen([sys.executable, "-c", SCRIPT], env=given, stdout=subprocess.PIPE, text=True) for _ in "ab"
    ]
    a, b = (json.loads(each.communicate(timeout=300)[0]) for each in started)
    assert a["values"] == b["values"]
    assert a["loaded"] + a["compiled"] == b["loaded"] + b["compiled"]


def test_loading_is_counted_apart_from_compiling(cache: Path) -> None:
    bits, programs, loaded = run()
    assert programs > 0 and loaded == 0
    forget()
    assert run() == (bits, 0, programs)


def test_a_loaded_program_checks_its_indices(cache: Path) -> None:
    for loaded in (False, True):
        before = lazynd.stats().snapshot()
        x = nd.arange(4) * 2
        assert x[nd.array([1, -1])].asnumpy().tolist() == [2, 6]
        assert (lazynd.stats().loaded > before["loaded"]) is loaded
        with pytest.raises(IndexError, match="index -5 is out of bounds for axis 0 with size 4"):
            x[nd.array([1, -5])].asnumpy()
        forget()


def test_off_keeps_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazynd.config, "cache", None)
    run()
    assert not list(cache.rglob("*"))


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"lazynd1\n" + b"x" * 40])
def test_damaged_entries_are_compiled_again_and_replaced(cache: Path, content: bytes) -> None:
    bits, programs, _ = run()
    good = [path.read_bytes() for path in entries(cache)]
    for path in entries(cache):
        path.write_bytes(content)
    forget()
    assert run() == (bits, programs, 0)
    assert len(entries(cache)) == len(good)
    forget()
    assert run() == (bits, 0, programs)


def test_an_entry_that_is_whole_but_no_program_is_compiled_again(cache: Path) -> None:
    bits, programs, _ = run()
    backend = get_backend("xla")
    assert isinstance(backend, xla.XlaBackend)
    (saved,) = backend._saved.values()
    for path in entries(cache):
        saved.store.save(path.stem, b"no pickle")
    forget()
    assert run() == (bits, programs, 0)


def test_a_read_only_folder_is_read(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lazynd.backends import store

    bits, programs, _ = run()
    forget()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    for name in ("mkstemp",):
        monkeypatch.setattr(store.tempfile, name, refuse)
    monkeypatch.setattr(store.os, "utime", refuse)
    monkeypatch.setattr(store.Path, "write_text", refuse)
    assert run() == (bits, 0, programs)
    assert float((nd.ones((7,)) * 3).sum().asscalar()) == 21, "and what is not there is compiled"


def test_other_versions_use_another_folder(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bits, programs, _ = run()
    for changed in ("jax", "jaxlib"):
        with monkeypatch.context() as patch:
            patch.setattr(persistent, "version", lambda name, changed=changed: "99.0" if name == changed else "1.0")
            forget()
            assert run() == (bits, programs, 0)
    monkeypatch.setattr(persistent, "_processor", lambda: "another processor")
    forget()
    assert run() == (bits, programs, 0)
    assert len(list((cache / "programs").iterdir())) == 4


@pytest.mark.parametrize("change", ["flags", "jax setting", "jax context", "own lowering"])
def test_what_changes_the_code_changes_the_name(cache: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bits, programs, _ = run()
    forget()
    if change == "flags":
        monkeypatch.setenv("XLA_FLAGS", os.environ.get("XLA_FLAGS", "") + " --xla_cpu_enable_fast_min_max=false")
    elif change == "own lowering":
        monkeypatch.setattr(persistent, "_own_sources", lambda: b"another lowering")
    if change == "jax setting":
        before = jax.config.jax_default_matmul_precision
        jax.config.update("jax_default_matmul_precision", "float32")
        try:
            assert run() == (bits, programs, 0)
        finally:
            jax.config.update("jax_default_matmul_precision", before)
    elif change == "jax context":
        with jax.default_matmul_precision("float32"):
            assert run() == (bits, programs, 0)
    else:
        assert run() == (bits, programs, 0)


def test_variables_of_others_are_neither_written_nor_part_of_the_name(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bits, programs, _ = run()
    for name in ("NVIDIA_API_KEY", "TF_VAR_db_password", "CUDA_VISIBLE_DEVICES", "HIP_SECRET", "TF_TOKEN_app"):
        monkeypatch.setenv(name, "hunter2")
    forget()
    assert run() == (bits, 0, programs)
    monkeypatch.setenv("XLA_FLAGS", f"{os.environ.get('XLA_FLAGS', '')} --xla_dump_to=/secret")  # jax has read it
    forget()
    assert run() == (bits, programs, 0), "what reaches the compiler is part of the name"
    written = [path.read_text(encoding="utf-8") for path in cache.rglob("about.txt")]
    assert len(written) == 2 and sum("XLA_FLAGS: sha256 " in text for text in written) >= 1
    assert not any(secret in text for text in written for secret in ("hunter2", "/secret"))


def constant_graph(value: Any, shape: tuple[int, ...] = (2,)) -> Graph:
    x = leaf(types.Type(shape, np.asarray(value).dtype))
    constant = apply(PRIMITIVES["constant"].specialize((), {"value": np.asarray(value), "context": types.CPU}), ())
    spread = PRIMITIVES["broadcast"].specialize((constant.type,), {"shape": shape, "axes": ()})
    add = PRIMITIVES["add"].specialize((x.type, x.type), {})
    return Graph([x], [apply(add, (x, apply(spread, (constant,))))])


def test_graphs_that_differ_in_one_bit_have_other_names() -> None:
    looks = [
        np.float32(0.0), np.float32(-0.0), np.float32("nan"), np.uint32(0x7FC00001).view(np.float32), np.float64(0.0),
        np.int32(0), np.int64(0), np.float16(0.0),
    ]  # fmt: skip
    graphs = [*map(constant_graph, looks), constant_graph(np.float32(0), (3,)), constant_graph(np.float32(0), (1, 2))]
    assert len({encode.encode_graph(graph) for graph in graphs}) == len(graphs)
    assert encode.encode_graph(constant_graph(np.float32(0))) == encode.encode_graph(constant_graph(np.float32(0)))


def test_swapped_operands_have_another_name() -> None:
    a, b = leaf(types.Type((2,), types.FLOAT32)), leaf(types.Type((2,), types.FLOAT32))
    subtract = PRIMITIVES["subtract"].specialize((a.type, b.type), {})
    one, other = Graph([a, b], [apply(subtract, (a, b))]), Graph([a, b], [apply(subtract, (b, a))])
    assert encode.encode_graph(one) != encode.encode_graph(other)


@pytest.mark.parametrize("pair", [
    (1, True), (1, 1.0), (0.0, -0.0), ((1, 2), (12,)), (("a", "b"), ("ab",)), (None, "None"), ((), ((),)), ("1", 1),
    (np.dtype("int32"), "<i4"), (np.float32(1), np.float64(1)), (types.Context("cpu", 0), types.Context("cpu", 1)),
    ((1, (2, 3)), (1, 2, 3)), (np.zeros((2, 3)), np.zeros((3, 2))),
], ids=str)  # fmt: skip
def test_look_alike_attributes_are_told_apart(pair: tuple[Any, Any]) -> None:
    assert encode.encode(pair[0]) != encode.encode(pair[1])


def test_what_cannot_be_told_is_not_kept() -> None:
    for value in (object(), lambda: None, np.array([object()])):
        with pytest.raises(encode.NotEncodable):
            encode.encode(value)


def test_slots_and_donation_are_in_the_name(cache: Path) -> None:
    backend = get_backend("xla")
    assert isinstance(backend, xla.XlaBackend)
    saved = backend._saved_on(jax.local_devices(backend="cpu")[0])
    assert saved is not None
    graph = constant_graph(np.float32(1), ())
    names = {saved.name(graph, slots, donate) for slots, donate in ((0, ()), (1, ()), (0, (0,)))}
    assert len(names) == 3 and None not in names


def test_two_operators_of_one_name_and_other_bodies_never_share(cache: Path) -> None:
    """The name of an operator is not its meaning: what is named is the graph of primitives."""
    backend = get_backend("xla")
    results = []
    for value in (1.0, 2.0):
        executable, loaded = backend.compile(constant_graph(np.float32(value)), 0, (), True)
        assert not loaded
        results.append(np.asarray(executable([np.zeros(2, np.float32)], [])[0]))
    np.testing.assert_array_equal(results, [[1, 1], [2, 2]])


def test_jax_own_cache_stays_as_the_host_program_set_it(cache: Path) -> None:
    before = dict(jax.config.values)
    run()
    assert dict(jax.config.values) == before


@pytest.mark.slow
def test_a_warm_start_takes_less_of_everything_but_imports(tmp_path: Path) -> None:
    """Counts, not seconds: nothing is traced, lowered or compiled. The seconds are in the benchmarks."""
    script = SCRIPT.replace('sum("backend_compile" in name for name in compiled)', "len(compiled)")
    cold, warm = process(tmp_path, script), process(tmp_path, script)
    assert cold["compiled"] >= 3 * cold["programs"] and warm["compiled"] == 0
