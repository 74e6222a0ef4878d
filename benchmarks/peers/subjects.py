"""Who does a workload, and the processes in which they do it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from ..process import BYTECODE, DEFAULTS, PASSIVE, ROOT, oracle_python
from .workloads import Workload


@dataclass(frozen=True)
class Subject:
    """A framework, and how the step is written."""

    framework: str
    spelling: str = ""

    @property
    def name(self) -> str:
        return f"{self.framework} {self.spelling}".strip()

    @property
    def ours(self) -> bool:
        return self.framework == "lazynd"


def torch_python() -> str | None:
    """The python that has torch: the one ``LAZYND_TORCH`` names, or this one."""
    named = os.environ.get("LAZYND_TORCH")
    return named or (sys.executable if importlib.util.find_spec("torch") else None)


def absent() -> dict[str, str]:
    """Peers that are not there, and what would bring them."""
    found = {}
    if oracle_python() is None:
        found["mxnet"] = "LAZYND_ORACLE names no python that has MXNet 1.9.1"
    if torch_python() is None:
        found["torch"] = "not installed: pip install lazynd[peers], or let LAZYND_TORCH name a python that has it"
    return found


def subjects(workload: Workload) -> list[Subject]:
    """Ours in each spelling, then the peers that are there."""
    found = [Subject("lazynd", spelling) for spelling in workload.spellings]
    missing = absent()
    if "mxnet" not in missing:
        found += [Subject("mxnet", spelling) for spelling in workload.spellings if spelling != "compiled"]
    return found + [Subject(each) for each in ("jax", "torch") if each not in missing]


class Process:
    """A subject at its workload, in a process of its own; ``first`` is what its first step cost."""

    def __init__(self, workload: Workload, subject: Subject, **environment: str) -> None:
        python = {"mxnet": oracle_python(), "torch": torch_python()}.get(subject.framework, sys.executable)
        assert python is not None
        command = [python, "-m", "benchmarks.peers.server", subject.framework, workload.name, subject.spelling]
        settings = {k: v for k, v in os.environ.items() if k != "PYTHONPATH" or python == sys.executable}
        settings |= BYTECODE | PASSIVE | (DEFAULTS if subject.ours else {}) | environment
        self._name = f"{subject.name} at {workload.name}"
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        self.first = self._line()

    def steps(self, count: int) -> dict[str, float]:
        """What each of ``count`` steps took, and the last result."""
        told: dict[str, float] = self._ask(steps=count)
        return told

    def changes(self) -> list[float]:
        """How far each trained parameter is from where it began."""
        told: list[float] = self._ask(changes=1)
        return told

    def parts(self, count: int) -> dict[str, float]:
        """Where the time of one of ``count`` steps goes; of lazynd alone."""
        told: dict[str, float] = self._ask(parts=count)
        return told

    def _ask(self, **asked: int) -> Any:
        assert self._process.stdin is not None
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return self._line()

    def _line(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self._name} ended with {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=120)
        self._process.stdout.close()
