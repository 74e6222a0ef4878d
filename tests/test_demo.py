"""The demonstration as a newcomer runs it, and that it fails when it should."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from lazynd import __main__ as command_line
from lazynd import demo, nd, viz
from lazynd.ir.parse import parse_graph
from lazynd.ops import OPERATORS

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(folder: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python -m lazynd.demo --digits`` in a folder of its own, without a terminal, lazily."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LAZYND_", "MXNET_", "PYTHONWARN"))}
    environment |= {"PYTHONPATH": str(ROOT), "LAZYND_CACHE": "off", "LAZYND_SLOW_COMPILE": "600"}
    return subprocess.run(
        [sys.executable, "-m", "lazynd.demo", "--digits", *arguments],
        cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_demo(tmp_path: pathlib.Path) -> None:
    result = run(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    (accuracy,) = (float(n) for n in re.findall(r"test accuracy ([\d.]+) on 359 others", result.stdout))
    assert accuracy >= 0.93
    lines = result.stdout.splitlines()
    assert len(lines) <= 10 and all(line.strip() for line in lines)
    assert not re.search(r"^\s*%\d+", result.stdout, re.MULTILINE), "the IR goes into files"
    assert "after the passes" in result.stdout and "programs compiled" in result.stdout
    assert "graphs ran in the interpreter" in result.stdout

    out = tmp_path / "demo-out"
    ElementTree.fromstring((out / "step.svg").read_text(encoding="utf-8"))
    assert '"multi_sgd_mom_update"' in (out / "explorer.html").read_text(encoding="utf-8")
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in ("loss.png", "predictions.png"))
    assert "passes" in (out / "passes.txt").name and "ir.dot_general" in (out / "passes.txt").read_text(
        encoding="utf-8"
    )
    text = (out / "step.txt").read_text(encoding="utf-8")
    step = parse_graph(text, OPERATORS)
    operators = viz.summary(step).operators
    assert operators["Convolution"] == operators["vjp_Convolution"] == 2 and operators["FullyConnected"] == 3
    assert operators["multi_sgd_mom_update"] == 1
    lines = [line for line in text.splitlines() if line.startswith("  %")]
    assert len(lines) == len(step) and all(re.search(r"  # \w+\.py:\d+$", line) for line in lines), text

    drawn = demo.read_dot(out / "step.dot")
    assert {f"n{i}" for i in range(len(step))} <= set(drawn.nodes)


def test_it_fails_below_its_gate(tmp_path: pathlib.Path) -> None:
    result = run(tmp_path, "--gate", "1.01", "--epochs", "1", "--out", "elsewhere")
    assert result.returncode == 1
    assert re.fullmatch(r"FAILED: accuracy 0\.\d+ is below 1\.01\n", result.stderr)
    assert (tmp_path / "elsewhere" / "step.txt").exists()


def outcome() -> demo.Outcome:
    step = viz.graph(nd.relu(nd.array([1, -2]) * 2))
    return demo.Outcome(0.97, [1.0] * 4, [2, 1, 1, 1], [2, 1, 0, 0], [5, 4, 2, 2], step)


@pytest.mark.lazy
def test_an_outcome_as_it_should_be() -> None:
    assert outcome().wrong(0.96) == []


@pytest.mark.lazy
def test_every_way_to_be_wrong_is_told() -> None:
    slow, compiling, part, bad, short, unseen = (outcome() for _ in range(6))
    slow.runs[3] = 2
    compiling.compiled[2:] = [1, 1]
    part.executed[3] = 1
    bad.accuracy = float("nan")
    del short.runs[2:]
    unseen.step = None
    found = [each.wrong(0.96) for each in (slow, compiling, part, bad, short, unseen)]
    assert [len(each) for each in found] == [1] * 6
    assert [each[0].split(" ")[0:3] for each in found] == [
        ["steady", "steps", "ran"], ["steady", "steps", "compiled"], ["steady", "steps", "ran"],
        ["accuracy", "nan", "is"], ["no", "steady", "step"], ["no", "steady", "step"],
    ]  # fmt: skip


@pytest.mark.lazy
def test_files_that_do_not_fit_are_told(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    step, other = (viz.graph(f(nd.array([1, -2]))) for f in (nd.relu, lambda x: nd.relu(nd.exp(x))))
    demo.show_step(step, tmp_path)
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert demo.unreadable(step, tmp_path) == []
    assert len(demo.unreadable(other, tmp_path)) == 2


def test_images_of_clothes_are_learned_where_they_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clothes:
        def __init__(self, train: bool) -> None:
            self.count = 3 if train else 2

        def __getitem__(self, chosen: slice) -> Any:
            return nd.full((self.count, 28, 28, 1), 255, dtype="uint8"), np.arange(self.count, dtype="int32")

    monkeypatch.setattr("lazynd.gluon.data.vision.FashionMNIST", Clothes)
    monkeypatch.setattr("lazynd.demo.clothes_are_there", lambda: True)
    images = demo.load_images()
    assert images.show == "clothes" and images.test[0].shape == (2, 1, 28, 28) and images.test[0].max() == 1
    assert images.train[1].tolist() == [0, 1, 2] and images.train[1].dtype == np.float32


def test_the_network_fits_both_sizes() -> None:
    for size in (8, 28):
        net = demo.lenet(size)
        net.initialize()
        assert net(nd.ones((2, 1, size, size))).shape == (2, 10)


def test_a_missing_extra_gets_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert demo.main(["--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        "the demo needs sklearn: install lazynd with its extra, pip install 'lazynd[examples]'\n"
    )


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main([]) == 0
    assert capsys.readouterr().out.startswith("lazynd ")
    assert command_line.main(["settings"]) == 0
    assert "LAZYND_EAGER, MXNET_ENGINE_TYPE" in capsys.readouterr().out
    assert command_line.main(["operators"]) == 0
    assert "softmax" in capsys.readouterr().out
    assert command_line.main(["operators", "softmax"]) == 0
    assert capsys.readouterr().out.startswith("softmax(data, length=None, axis=-1")
    assert command_line.main(["operators", "sofmax"]) == 2
    assert capsys.readouterr().err == "there is no operator 'sofmax'; near: softmax, Softmax, log_softmax\n"


def test_an_operator_is_found_as_users_write_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["operators", "image.resize"]) == 0
    assert "resize" in capsys.readouterr().out
