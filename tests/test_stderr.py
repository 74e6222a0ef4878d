"""Nothing is printed on stderr that nobody asked for: what XLA prints there cannot be kept from a user's terminal."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

PROGRAMS = pathlib.Path(__file__).parent / "random_programs.py"

#: Of the first 200 those for which XLA printed that its simplifier is likely stuck, and a few others.
STUCK = ["0-3", "14", "72", "89", "139", "155", "169", "171", "178", "194"]


#: The first line of what XLA prints when something takes long, which on a busy machine everything does.
SLOW = "slow_operation_alarm.cc"


def printed(*seeds: str) -> list[str]:
    """What a process that compiles and runs the random programs ``seeds`` prints: XLA's complaints, and warnings."""
    settings = {"LAZYND_CACHE": "off", "LAZYND_ONE_SHOT": "1000000", "LAZYND_TIER": "compiled"}
    environment = {**os.environ, "PYTHONPATH": str(PROGRAMS.parents[1]), **settings}
    done = subprocess.run(
        [sys.executable, str(PROGRAMS), *seeds], capture_output=True, text=True, timeout=1500, env=environment
    )
    assert done.returncode == 0, done.stderr
    complaints = [line for line in done.stderr.splitlines() if re.match(r"[A-Z]\d{4} |WARNING|.*Warning", line)]
    return [done.stdout] * bool(done.stdout) + [line for line in complaints if SLOW not in line]


@pytest.mark.lazy
@pytest.mark.parametrize("seeds", [STUCK, pytest.param(["0-199"], marks=pytest.mark.slow)], ids=["some", "all"])
def test_random_programs_print_nothing(seeds: list[str]) -> None:
    assert printed(*seeds) == []
