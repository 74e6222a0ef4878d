"""A compiled step that is interrupted has happened, or has not."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap

import pytest

from lazynd.compiled import Compiled

pytestmark = [
    pytest.mark.lazy,
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="timers that send signals are POSIX's"),
]

#: Trains while a timer interrupts at random; then weights, momenta and the count must be of one step.
PROGRAM = textwrap.dedent("""
    import os, random, signal, sys
    os.environ["LAZYND_CACHE"] = "off"
    import numpy as np
    import lazynd
    from lazynd import autograd, nd

    rng = random.Random(int(sys.argv[1]))
    lazynd.config.backend = sys.argv[2]
    names = [nd.ones((3,)) for _ in range(3)]
    states = [nd.zeros((3,)) for _ in range(3)]
    for each in names:
        each.attach_grad()

    @lazynd.compile
    def step(x):
        with autograd.record():
            loss = sum((w * x).sum() for w in names)
        loss.backward()
        for w, s in zip(names, states):
            s[:] = s + 1
            w[:] = w - w.grad
        return loss

    def stop(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, stop)
    interrupted, x = 0, nd.ones((3,))
    for i in range(int(sys.argv[3])):
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 3e-3))
            if rng.random() < 0.3:
                step.clear()
            for _ in range(50):
                step(x)
                if rng.random() < 0.2:
                    names[0].wait_to_read()
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupted += 1
        assert not autograd.is_recording() and not autograd.is_training()
        counts = {float(s[0].asscalar()) for s in states}
        values = {float(w[0].asscalar()) for w in names}
        assert len(counts) == len(values) == 1, (i, counts, values)
        assert values.pop() == 1 - counts.pop(), "each step takes 1 away"
    step(x).wait_to_read()
    assert interrupted > 0
    print("interrupted", interrupted)
""")


@pytest.mark.parametrize("backend", ["numpy", "xla"])
def test_arrays_are_of_one_step_whenever_it_is_interrupted(backend: str) -> None:
    seed = random.Random(5).randrange(1000)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(seed), backend, "20"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "interrupted" in done.stdout


def test_an_interrupt_between_traces_leaves_the_function_usable() -> None:
    calls = []

    def body(x: float) -> float:
        calls.append(x)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return x

    function = Compiled(body)
    with pytest.raises(KeyboardInterrupt):
        function(1.0)
    assert function(2.0) == 2.0
