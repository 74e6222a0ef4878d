"""An interrupt finds parameters, states and statistics before a step or after it, whenever it comes."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODES = ("imperative", "hybridized", "compiled")
pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer to interrupt with")


def check(mode: str, count: int, seed: int) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LAZYND_CACHE": "off"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.gluon.interrupts", mode, str(count), str(seed)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["torn"] == 0, seen
    # The last step may be interrupted several times.
    assert count <= seen["interrupts"] == seen["before"] + seen["after"] + seen["between"], seen


@pytest.mark.lazy
def test_a_few_interrupts() -> None:
    check("hybridized", 20, 1)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_two_hundred_interrupts(mode: str) -> None:
    check(mode, 200, 2)
