"""A forked child computes, in the interpreter, or says why not and names spawn; it never hangs.

Each program runs in a process of its own, killed if it takes a minute.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

PRELUDE = """
import os, sys, threading, warnings
warnings.simplefilter("ignore")  # jax's own, that a fork is a risk
import numpy as np
import lazynd
from lazynd import autograd, nd

def child(work):
    pid = os.fork()
    if not pid:
        code = 1
        try:
            work()
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    assert status == 0, status
"""


def run(program: str) -> str:
    source = PRELUDE + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_child_forked_after_a_force_computes() -> None:
    told = run("""
        x = nd.arange(6).reshape((2, 3))
        (x + 1).asnumpy()
        pending = x * 2
        pending_view = pending[1]
        w = nd.ones((3,)); w.attach_grad()
        def work():
            print(pending_view.asnumpy().tolist(), (x + 1).sum().asscalar())
            for _ in range(2):
                with autograd.record():
                    loss = (nd.dot(x, w) ** 2).sum()
                loss.backward()
                w[:] = w - w.grad
            print(w.asnumpy().tolist())
            print(nd.random.uniform(shape=(2,)).shape, nd.array([1, 2], ctx=lazynd.cpu(1)).context)
        child(work)
        print(pending.asnumpy().tolist(), w.asnumpy().tolist())
    """)
    assert told.splitlines() == [
        "[6.0, 8.0, 10.0] 21.0",
        "[" + ", ".join(map(str, steps())) + "]",
        "(2,) cpu(1)",
        "[[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]] [1.0, 1.0, 1.0]",
    ]


def steps() -> list[float]:
    """The weights after two steps, in whole numbers, exact."""
    x, w = [(0, 1, 2), (3, 4, 5)], [1, 1, 1]
    for _ in range(2):
        products = [sum(a * b for a, b in zip(row, w, strict=True)) for row in x]
        w = [w[i] - sum(2 * p * row[i] for p, row in zip(products, x, strict=True)) for i in range(3)]
    return [float(each) for each in w]


def test_draws_go_on_where_they_were() -> None:
    told = run("""
        lazynd.random.seed(3)
        nd.random.uniform(shape=(2,)).asnumpy()
        child(lambda: print(nd.random.uniform(shape=(3,)).asnumpy().tolist()))
        print(nd.random.uniform(shape=(3,)).asnumpy().tolist())
    """)
    in_child, in_parent = told.splitlines()
    assert in_child == in_parent


def test_a_child_forked_while_threads_compute_and_compile() -> None:
    told = run("""
        x = nd.ones((200, 200))
        (x * 2).asnumpy()
        stop = threading.Event()
        def busy():
            n = 1
            while not stop.is_set():
                n += 1
                y = x
                for _ in range(n % 7):
                    y = nd.dot(y, x) * 0.01
                y.asnumpy()
        threads = [threading.Thread(target=busy) for _ in range(3)]
        for each in threads:
            each.start()
        for _ in range(10):
            big = nd.dot(x, x)  # dispatched, maybe not computed, when the process forks
            big.wait_to_read()
            child(lambda: print((big + 1).asnumpy()[0, 0], (x + 3).sum().asscalar()))
        stop.set()
        for each in threads:
            each.join()
    """)
    assert told.splitlines() == ["201.0 160000.0"] * 10


def test_a_pool_of_forked_processes_exchanges_arrays() -> None:
    told = run("""
        import multiprocessing
        x = nd.arange(4)
        x.asnumpy()
        def square(y):
            return y * y + x[1]
        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(2) as pool:
                print([y.asnumpy().tolist() for y in pool.map(square, [x, x + 1])])
    """)
    assert told.strip() == "[[1.0, 2.0, 5.0, 10.0], [2.0, 5.0, 10.0, 17.0]]"


def test_a_child_ends_like_any_process() -> None:
    """Through the interpreter's shutdown, with work pending."""
    told = run("""
        x = nd.ones((3,))
        (x + 1).asnumpy()
        y = x * 5
        pid = os.fork()
        if not pid:
            print(y.asnumpy().tolist(), flush=True)
            z = y + 1
            sys.exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """)
    assert told.splitlines() == ["[5.0, 5.0, 5.0]", "7"]


def test_so_does_one_that_keeps_nothing_of_its_parent() -> None:
    """XLA's client, which would wait for threads of the parent, is not freed when the child ends."""
    told = run("""
        from lazynd.runtime.run.compile import PROGRAMS
        x = nd.ones((3,))
        (x + 1).asnumpy()
        PROGRAMS.clear()
        del x
        for _ in range(6):
            pid = os.fork()
            if not pid:
                sys.exit(int((nd.ones((3,)) * 2).sum().asscalar()))
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """)
    assert told.split() == ["6"] * 6


@pytest.mark.lazy  # which backend it is
def test_a_fork_before_the_first_program_changes_nothing() -> None:
    told = run("""
        x = nd.ones((3,)) * 2
        child(lambda: print(x.asnumpy().tolist(), lazynd.runtime.current_backend().name))
        print(x.asnumpy().tolist(), lazynd.runtime.current_backend().name)
    """)
    assert told.splitlines() == ["[2.0, 2.0, 2.0] xla", "[2.0, 2.0, 2.0] xla"]


FORKED = """
import os, warnings
warnings.simplefilter("error", RuntimeWarning)
{first}
from lazynd import nd
x = nd.ones((3,)) + 1
x.asnumpy()
shown = list(warnings.filters)
for _ in range(2):
    pid = os.fork()
    if not pid:
        os._exit(int((x * 2).sum().asscalar()))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 12
assert warnings.filters == shown
"""


@pytest.mark.parametrize(("first", "warns"), [("", False), ("import jax", True)])
@pytest.mark.lazy  # else there is no jax
def test_jax_warns_of_forks_only_whoever_uses_it(first: str, warns: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED.format(first=first)], capture_output=True, text=True, timeout=90
    )
    assert ("os.fork() was called" in done.stderr) is warns
    assert warns or (done.returncode, done.stderr) == (0, "")


def test_what_needs_a_gpu_names_spawn() -> None:
    told = run("""
        from lazynd.backends.forked import ForkedBackend
        class OnGpu:
            def __dlpack_device__(self):
                return 2, 0
        for step in (lambda b: b.get(OnGpu()), lambda b: b.put(np.ones(1), lazynd.gpu(0))):
            try:
                step(ForkedBackend())
            except lazynd.MXNetError as error:
                print("spawn" in str(error))
    """)
    assert told.split() == ["True", "True"]
