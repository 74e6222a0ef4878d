"""A program from outside: how it ends, what it prints that nobody asked for, which devices it is given."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PENDING = """
import sys
from lazynd import autograd, nd
x = nd.random.normal(shape=(300, 300))
w = nd.ones((300,)); w.attach_grad()
def work():
    global y, loss
    y = x
    for _ in range(20):
        y = nd.dot(y, x) * 0.01
    with autograd.record():
        loss = (nd.dot(x, w) ** 2).sum()
    loss.backward()
work()
"""


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "LAZYND_CACHE": "off", **environment}
    return subprocess.run([sys.executable, "-c", program], env=given, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    "then",
    [
        "",  # nothing ever ran
        "y.wait_to_read(); work()",
        "nd.dot(y, x)[0].asnumpy(); held = [y, loss, w.grad]; held.append(held); work()",  # a cycle holds it
        "import atexit; atexit.register(lambda: y.sum().asnumpy()); y.wait_to_read()",  # jax is still there then
        "import threading; t = threading.Thread(target=work); t.start(); t.join()",
        "sys.modules['kept'] = y; y.wait_to_read(); work()",
    ],
)
def test_leaving_with_work_pending_is_silent(then: str) -> None:
    done = run(PENDING + then)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


THREADS = """
import sys, threading, time
from lazynd import nd
def reads():
    i = 0
    while True:
        i += 1
        (nd.ones((3,)) * i).asnumpy()
def views():
    x = nd.ones((3000,))
    y = x[10:20]
    while True:
        (x * 1.5).wait_to_read()
        y.asnumpy()
def compiles():
    i = 0
    while True:
        i += 1
        (nd.ones((3, i)) * 2).sum().asscalar()
import logging
logging.getLogger("lazynd").setLevel(logging.ERROR)  # that each program is another is meant
for work in WORK:
    threading.Thread(target=work, daemon=True).start()
time.sleep(SECONDS)
"""


@pytest.mark.parametrize("work", ["[reads]", "[views]", "[compiles]", "[reads, views, compiles, reads]"])
@pytest.mark.parametrize("seconds", ["0.2", *(pytest.param(s, marks=pytest.mark.slow) for s in ("0.9", "1.7"))])
def test_leaving_while_other_threads_compute_is_silent(work: str, seconds: str) -> None:
    done = run(THREADS.replace("WORK", work).replace("SECONDS", seconds))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_exit_code_is_kept() -> None:
    assert run(PENDING + "y.wait_to_read(); work(); sys.exit(3)").returncode == 3


@pytest.mark.lazy  # compiling is what is told
def test_what_is_told_goes_to_the_log_and_never_to_stdout() -> None:
    done = run("""
import logging
logging.basicConfig(level=logging.INFO)
import lazynd
from lazynd import nd
nd.ones(4).asnumpy()
lazynd.compile(lambda x: x * x.sum().asscalar())(nd.ones(2))
logging.info("mine")
logging.getLogger("lazynd").setLevel(logging.DEBUG)
for extent in range(1, 4):
    (nd.ones((extent,)) * 2 + 1).asnumpy()
try:
    nd.dot(nd.ones((2, 3)), nd.ones((2, 3)))
except lazynd.MXNetError:
    pass
lazynd.config.window = 0
nd.waitall()
""")
    assert done.returncode == 0 and done.stdout == ""
    first, told = done.stderr.split("\n", 1)
    assert first == "INFO:root:mine", "a log at level INFO has lines of ours, and of jax's, when they are asked for"
    assert "INFO:lazynd:compiled" in told


@pytest.mark.lazy
def test_jax_platforms_is_respected() -> None:
    program = "import jax, lazynd\nfrom lazynd import nd\nprint((nd.ones((2,)) * 2).asnumpy(), lazynd.num_gpus())\n"
    program += "print({device.platform for device in jax.devices()})"
    done = run(program, JAX_PLATFORMS="cpu")
    assert done.returncode == 0 and done.stdout.splitlines() == ["[2. 2.] 0", "{'cpu'}"]


@pytest.mark.lazy
def test_jax_platforms_without_the_host_is_told() -> None:
    program = "from lazynd import nd\n(nd.ones((2,)) * 2).asnumpy()"
    done = run(program, JAX_PLATFORMS="no_such_platform")
    assert done.returncode == 1
    assert "there is no device cpu(0)" in done.stderr and "JAX_PLATFORMS is 'no_such_platform'" in done.stderr


@pytest.mark.parametrize("command", ["", "settings", "coverage", "operators", "operators dot", "--help"])
def test_a_reader_that_has_seen_enough_ends_the_command_quietly(command: str) -> None:
    given = {
        name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"
    }  # it fails at the end then
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lazynd", *command.split()],
            env=given,
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (1, "")
