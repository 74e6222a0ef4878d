"""Measurements in processes of their own, and MXNet in its own environment."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

DEFAULTS = {"LAZYND_CACHE": "off", "LAZYND_VERIFY": "0", "LAZYND_EAGER": "0", "LAZYND_BACKEND": "xla"}
#: An installed package has its bytecode; the first child of ours writes it, whatever the caller's environment says.
BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}
#: For what counts CPU time: MXNet's threads that wait for work by spinning would count too.
PASSIVE = {"OMP_WAIT_POLICY": "passive"}
ROOT = pathlib.Path(__file__).resolve().parent.parent


def fresh(module: str, *arguments: object, **environment: str) -> Any:
    """What ``python -m MODULE`` prints as JSON on its last line, in a fresh process.

    Settings are the defaults, the persistent cache off, unless ``environment`` says otherwise.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    settings = os.environ | DEFAULTS | environment
    finished = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {finished.returncode}:\n{finished.stderr}")
    return json.loads(finished.stdout.splitlines()[-1])


def child(script: str, *arguments: object, **environment: str) -> Any:
    """The same of ``benchmarks/children/SCRIPT.py``."""
    return fresh(f"benchmarks.children.{script}", *arguments, **environment)


def oracle_python() -> str | None:
    """The python of the environment that has MXNet, if ``LAZYND_ORACLE`` names one."""
    return os.environ.get("LAZYND_ORACLE") or None


def _command(framework: str, script: str, *arguments: object) -> tuple[list[str], dict[str, str]]:
    """How ``children/SCRIPT.py`` runs under ``mxnet`` in its environment, or in ours; and the environment variables."""
    if framework != "mxnet":
        command = [sys.executable, "-m", f"benchmarks.children.{script}"]
        return [*command, *map(str, arguments)], os.environ | DEFAULTS | BYTECODE
    python = oracle_python()
    if python is None:
        raise RuntimeError("LAZYND_ORACLE names no python that has MXNet")
    command = [python, str(ROOT / "benchmarks" / "children" / f"{script}.py")]
    settings = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return [*command, *map(str, arguments)], settings | BYTECODE


def child_under(framework: str, script: str, *arguments: object) -> Any:
    """As ``child``, by lazynd or, for ``mxnet``, in MXNet's environment: there the script runs as a file."""
    command, settings = _command(framework, script, *arguments)
    finished = subprocess.run(command, cwd=ROOT, env=settings | PASSIVE, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {finished.returncode}:\n{finished.stderr}")
    return json.loads(finished.stdout.splitlines()[-1])


class Server:
    """A child that is kept running: a line of JSON asks, a line answers. Close it, or use it in a ``with`` block."""

    def __init__(self, framework: str, script: str, *arguments: object, **environment: str) -> None:
        command, settings = _command(framework, script, *arguments)
        self._name = f"{script} under {framework}"
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=settings | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def line(self) -> Any:
        """What the child says next."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self._name} ended")
        return json.loads(line)

    def ask(self, **asked: Any) -> Any:
        """What the child answers."""
        assert self._process.stdin is not None
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return self.line()

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


class Oracle(Server):
    """Real MXNet, kept running in the environment whose python ``LAZYND_ORACLE`` names."""

    def __init__(self) -> None:
        super().__init__("mxnet", "mxnet_server")

    def seconds(self, what: str, **arguments: Any) -> float:
        """Seconds that one unit of the work ``what`` takes there."""
        return float(self.ask(what=what, **arguments))


_ORACLE: list[Oracle] = []


def oracle() -> Oracle | None:
    """MXNet, started when first asked for; None where ``LAZYND_ORACLE`` is not set."""
    if oracle_python() and not _ORACLE:
        _ORACLE.append(Oracle())
    return _ORACLE[0] if _ORACLE else None


def close_oracle() -> None:
    """End the process with MXNet, if there is one."""
    while _ORACLE:
        _ORACLE.pop().close()
