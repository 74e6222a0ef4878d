"""Every example runs: a few steps of it, as Python and hybridized. Whole they run in ``make examples``."""

from __future__ import annotations

import importlib
import pathlib
import re
import runpy
import sys
from typing import Any

import pytest

import lazynd

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "examples"
SHARED = {"__main__", "learn", "text", "mxnet_files"}
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in SHARED)
#: What has no network of Gluon's, so that there is nothing to hybridize.
FROM_SCRATCH = {name for name in SCRIPTS if name.endswith("_scratch")}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a script as it runs by itself, but in this process; its exit status and what it printed."""
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setenv("MPLBACKEND", "agg")

    def script(name: str, *options: str) -> tuple[Any, str]:
        monkeypatch.setattr(sys, "argv", [str(FOLDER / f"{name}.py"), "--out", str(tmp_path), *options])
        with lazynd.config.using(tier="auto"), pytest.raises(SystemExit) as end:
            runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
        return end.value.code, capsys.readouterr().out

    yield script
    for name in ("learn", "text"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("hybridize", [False, True], ids=["imperative", "hybridized"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_three_steps(name: str, hybridize: bool, run: Any, tmp_path: pathlib.Path) -> None:
    if hybridize and name in FROM_SCRATCH:
        pytest.skip("nothing to hybridize")
    status, printed = run(name, "--steps", "3", "--batch", "8", *(["--hybridize"] if hybridize else []))
    assert status == 0
    results = re.findall(r"^RESULT (\w+) (\S+)$", printed, re.MULTILINE)
    assert len(results) >= 3 and all(abs(float(value)) < 1e6 for _, value in results)
    assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert printed.count("wrote ") == 1, "a second picture would be written over the first"


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("name", ["language_model", "language_model_scratch"])
def test_the_other_cells(name: str, cell: str, run: Any) -> None:
    assert run(name, "--steps", "2", "--batch", "4", "--cell", cell)[0] == 0


def test_an_example_past_its_bound_fails(run: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    learn = importlib.import_module("learn")
    monkeypatch.setattr(learn, "accuracy", lambda *_: 0.1)
    status, printed = run("softmax_regression", "--epochs", "1", "--batch", "256")
    assert status == 1 and "RESULT test_accuracy 0.1" in printed
