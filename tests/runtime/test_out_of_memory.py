"""Out of memory: a read raises MXNetError with operator and line, and all other arrays stay usable.

Each program runs in a process of its own, under a limit that leaves it 4 GiB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

import lazynd
from lazynd import MXNetError, nd

linux = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads /proc")

PRELUDE = """
import faulthandler, resource
import lazynd
from lazynd import autograd, nd
(nd.ones((2, 2)) + 1).asnumpy()
with open("/proc/self/statm") as file:
    limit = int(file.read().split()[0]) * resource.getpagesize() + (4 << 30)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
faulthandler.dump_traceback_later(80, exit=True)

def refused(read, *texts):
    try:
        read()
    except lazynd.MXNetError as error:
        for text in texts:
            assert text in str(error), str(error)
    else:
        raise AssertionError("there was enough memory")
"""


def run(program: str) -> None:
    environment = {**os.environ, "LAZYND_CACHE": "off", "LAZYND_VERIFY": "0"}
    source = PRELUDE + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr


@linux
def test_a_read_names_operator_types_and_line_and_the_others_go_on() -> None:
    run("""
        a = nd.ones((120000, 2))
        product = nd.dot(a, a.T)
        double = a * 2  # connected with the product: one program, if memory allowed
        chain = nd.sin(product).sum() + 1
        for read in (product.asnumpy, product.wait_to_read, product[3].asnumpy, chain.asscalar, product.asnumpy):
            refused(read, "[dot]", "57.6 GB", "float32[120000,120000] from float32[120000,2]", "<string>:21")
        refused(nd.waitall, "for want of memory")
        assert double.asnumpy().tolist() == [[2, 2]] * 120000
        assert nd.dot(a[:3], a.T).sum().asscalar() == 720000
        product = chain = None
        nd.waitall()
    """)


BEYOND = {
    "nd.ones((10**6, 10**6))[0:1]": "_full",
    "nd.arange(10**12)[0:1]": "_evenly_spaced",
    "nd.random.uniform(shape=(10**12,))[0:3]": "_random_uniform",
    "nd.one_hot(nd.arange(10**6), 10**7)": "one_hot",
    "nd.ones((3,)).tile(10**12)": "tile",
    "nd.dot(nd.ones((2**29, 2**20)), nd.ones((2**20, 2**29)))": "_full",
    "nd.zeros((2**60,), dtype='int8').sort()": "sort",
    "nd.split(nd.ones((4, 10**12)), 2, axis=0)[1]": "_full",
    "nd.ones((2**61 - 1,)) * 2": "_full",
}


@linux
def test_sizes_beyond_all_memory_neither_hang_nor_abort() -> None:
    run("".join(f"refused(lambda: ({each}).asnumpy(), '[{op}]', '<string>:')\n" for each, op in BEYOND.items()))


@linux
def test_what_no_program_holds_needs_no_memory() -> None:
    """Only what XLA keeps counts: a maximum over 6.4 GB of products is computed as it goes."""
    run("""
        column = nd.arange(40001).reshape((-1, 1))
        assert nd.broadcast_mul(column, column.T).max().asscalar() == 40000**2
    """)


@pytest.mark.parametrize("tier", ["compiled", "interpreted"])
def test_both_tiers_ask_before_they_begin(tier: str, monkeypatch: pytest.MonkeyPatch, empty_cache: None) -> None:
    """Where the system would end the process rather than refuse memory, nobody tries."""
    x = nd.ones((3, 3))
    with monkeypatch.context() as patch, lazynd.config.using(tier=tier):
        patch.setattr("lazynd.backends.memory.available", lambda: 32 << 20)
        big = nd.ones((4096, 8192)) + x[0, 0]
        with pytest.raises(MXNetError, match=r"\[_full\] (.|\n)*for want of memory: it needs 134\.2 MB, and 33\.6 MB"):
            big.asnumpy()
        assert (x + 1).asnumpy().tolist() == [[2] * 3] * 3
        patch.undo()
        assert big[5, 7].asscalar() == 2
    with monkeypatch.context() as patch:
        patch.setattr("lazynd.backends.memory.available", lambda: 32 << 20)
        with pytest.raises(MXNetError, match="copying its result to the host failed for want of memory"):
            big.asnumpy()


@linux
def test_a_region_that_nobody_reads_leaves_the_loop_alone() -> None:
    """A closed region that fails is told in the log; the arrays of the loop go on."""
    run("""
        import logging
        logging.getLogger("lazynd").setLevel(logging.ERROR)
        total, a = nd.zeros((1,)), nd.ones((120000, 2))
        for _ in range(4):
            with autograd.record():
                wasted = nd.dot(a, a.T)
            total += 1
        assert total.asscalar() == 4
        refused(wasted.asnumpy, "[dot]")
    """)


@linux
def test_weights_survive_a_step_that_was_too_big() -> None:
    """A program is refused before it takes over a buffer."""
    run("""
        w = nd.ones((3000, 2))
        w.attach_grad()
        def step(rows):
            with autograd.record():
                loss = nd.dot(w, nd.ones((2, rows))).square().sort(axis=1).sum()
            loss.backward()
            w[:] = w - 0.1 * w.grad / rows
            return loss
        step(10).asscalar()
        step(10).asscalar()
        before = w.asnumpy()
        held = w.copy()
        loss = step(4 * 10**6)
        refused(loss.asscalar, "for want of memory")
        refused(w.asnumpy, "for want of memory")  # pending still: its value is that of the step
        assert (held.asnumpy() == before).all()
        w[:] = held
        step(10).asscalar()
        assert (w.asnumpy() != before).all()
    """)


@linux
def test_late_failures_are_errors_too() -> None:
    """Where what a program needs is not known before, its results fail after they were published."""
    run("""
        import lazynd.backends.xla.compiled
        lazynd.backends.xla.compiled.NOTEWORTHY = 1 << 62
        a = nd.ones((120000, 2))
        a.wait_to_read()
        other = a * 2
        other.wait_to_read()
        product = nd.dot(a, a.T)
        half, rest = nd.split(product, 2, axis=0)
        first, row = product.sum(), product[1]
        refused(first.asscalar, "for want of memory")
        for array in (product, row, half, rest, first, product + 1, rest * 2):
            for read in (array.asnumpy, array.wait_to_read, lambda: nd.to_dlpack_for_write(array)):
                refused(read, "for want of memory")
        refused(product.asnumpy, "[dot]", "float32[120000,2]", "<string>:26")
        target = nd.zeros((2, 2))
        shared = nd.to_dlpack_for_write(target)
        refused(lambda: target.__setitem__(slice(None), product[:2, :2]), "for want of memory")
        refused(lambda: nd.dot(a, a.T)[nd.array([200000])].asnumpy(), "for want of memory")
        assert (other + a).asnumpy().tolist() == [[3, 3]] * 120000
        nd.waitall()
    """)


@linux
def test_a_value_that_failed_late_takes_no_other_program_along() -> None:
    run("""
        import lazynd.backends.xla.compiled
        lazynd.backends.xla.compiled.NOTEWORTHY = 1 << 62
        a = nd.ones((120000, 2))
        a.wait_to_read()
        product = nd.dot(a, a.T)
        refused(product.wait_to_read, "[dot]")
        needs, good = product.sum() + a[0, 0], a * 3
        assert good.asnumpy().tolist() == [[3, 3]] * 120000
        refused(needs.asscalar, "[dot]")
        product[:] = 0
        assert product[0, 0].shape == (1,)
    """)
