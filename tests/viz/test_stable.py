"""The same program is shown in the same words, whatever the process, the folder and the hashes of Python."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import lazynd

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "data" / "step"
pytestmark = pytest.mark.lazy  # nothing is pending in eager mode


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """What two processes see, in two folders and with two hashes."""
    made = []
    running = []
    for seed in ("0", "1"):
        folder = tmp_path_factory.mktemp(f"folder{seed}")
        shutil.copy(HERE / "stable.py", folder)
        environment = {
            **os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(pathlib.Path(lazynd.__file__).parents[1]),
            "LAZYND_EAGER": "0",
        }  # fmt: skip
        command = [sys.executable, "stable.py"]
        running.append(subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True))
    for process in running:
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0
        made.append(json.loads(output))
    return made


def test_two_processes_see_the_same(found):
    first, second = found
    assert first == second
    assert all(first.values())


@pytest.mark.parametrize("name", ["step.txt", "step.dot", "listing.txt"])
def test_text_and_dot_are_as_they_were(found, name):
    """If a change of them is meant, write them anew: ``python tests/viz/test_stable.py``."""
    assert found[0][name] == (GOLDEN / name).read_text(encoding="utf-8")


def main() -> None:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    command = [sys.executable, str(HERE / "stable.py")]
    made = json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)
    GOLDEN.mkdir(exist_ok=True)
    for name in ("step.txt", "step.dot", "listing.txt"):
        (GOLDEN / name).write_text(made[name], encoding="utf-8")


if __name__ == "__main__":
    main()
