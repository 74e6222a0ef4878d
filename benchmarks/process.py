"""Measurements in processes of their own, and MXNet in its own environment."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

DEFAULTS = {"LAZYND_CACHE": "off", "LAZYND_VERIFY": "0", "LAZYND_EAGER": "0", "LAZYND_BACKEND": "xla"}
ROOT = pathlib.Path(__file__).resolve().parent.parent


def fresh(module: str, *arguments: object, **environment: str) -> Any:
    """What ``python -m MODULE`` prints as JSON on its last line, in a fresh process.

    Settings are the defaults, the persistent cache off, unless ``environment`` says otherwise.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    settings = os.environ | DEFAULTS | environment
    finished = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{finished.stderr}")
    return json.loads(finished.stdout.splitlines()[-1])


def child(script: str, *arguments: object, **environment: str) -> Any:
    """The same of ``benchmarks/children/SCRIPT.py``."""
    return fresh(f"benchmarks.children.{script}", *arguments, **environment)


class Oracle:
    """Real MXNet, kept running in the environment whose python ``LAZYND_ORACLE`` names."""

    def __init__(self, python: str) -> None:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        script = str(ROOT / "benchmarks" / "children" / "mxnet_server.py")
        self._process = subprocess.Popen(
            [python, script], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def seconds(self, what: str, **arguments: Any) -> float:
        """Seconds that one unit of the work ``what`` takes there."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        print(json.dumps({"what": what, **arguments}), file=stdin, flush=True)
        line = stdout.readline()
        if not line:
            raise RuntimeError("the process with MXNet ended")
        return float(json.loads(line))

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


_ORACLE: list[Oracle] = []


def oracle() -> Oracle | None:
    """MXNet, started when first asked for; None where ``LAZYND_ORACLE`` is not set."""
    python = os.environ.get("LAZYND_ORACLE")
    if python and not _ORACLE:
        _ORACLE.append(Oracle(python))
    return _ORACLE[0] if _ORACLE else None


def close_oracle() -> None:
    """End the process with MXNet, if there is one."""
    while _ORACLE:
        _ORACLE.pop().close()
