"""The demonstration as a newcomer runs it, and that it fails when it should."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from lazynd import __main__ as command_line
from lazynd import demo, nd, viz
from lazynd.ir.parse import parse_graph
from lazynd.ops import OPERATORS

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(folder: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python -m lazynd.demo`` in a folder of its own, without a terminal, lazily."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LAZYND_", "MXNET_", "PYTHONWARN"))}
    environment |= {"PYTHONPATH": str(ROOT), "LAZYND_CACHE": "off", "LAZYND_SLOW_COMPILE": "600"}
    return subprocess.run(
        [sys.executable, "-m", "lazynd.demo", *arguments],
        cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_demo(tmp_path: pathlib.Path) -> None:
    result = run(tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    softmax, perceptron = (float(n) for n in re.findall(r"test accuracy ([\d.]+) on 359 digits", result.stdout))
    assert softmax >= 0.93 and perceptron >= 0.96
    assert "after the passes" in result.stdout and "programs compiled" in result.stdout
    assert "graphs ran in the interpreter" in result.stdout
    lines = result.stdout.splitlines()
    assert len(lines) == 15 and all(line.strip() for line in lines), "ten lines, and a picture of five"
    assert lines[9].endswith("what the perceptron says:") and not re.search(r"^\s*%\d+", result.stdout, re.MULTILINE)
    assert set("".join(lines[10:14])) <= set(" \u2580\u2584\u2588") or result.stdout.isascii()
    assert re.fullmatch(r"(\s+\d( \(\d\))?){8}", lines[14])

    ElementTree.fromstring((tmp_path / "demo-out" / "step.svg").read_text(encoding="utf-8"))
    text = (tmp_path / "demo-out" / "step.txt").read_text(encoding="utf-8")
    step = parse_graph(text, OPERATORS)
    operators = viz.summary(step).operators
    assert operators["dot"] == operators["vjp_dot"] == 2 and operators["broadcast_sub"] == 4
    lines = [line for line in text.splitlines() if line.startswith("  %")]
    assert len(lines) == len(step) and all(re.search(r"  # demo\.py:\d+$", line) for line in lines), text

    drawn = demo.read_dot(tmp_path / "demo-out" / "step.dot")
    assert {f"n{i}" for i in range(len(step))} <= set(drawn.nodes)


def test_it_fails_below_its_gates(tmp_path: pathlib.Path) -> None:
    result = run(tmp_path, "--gates", "1.01", "0.96", "--out", "elsewhere")
    assert result.returncode == 1
    assert re.fullmatch(r"FAILED: softmax regression: accuracy 0\.\d+ is below 1\.01\n", result.stderr)
    assert (tmp_path / "elsewhere" / "step.txt").exists()


def outcome() -> demo.Outcome:
    step = viz.graph(nd.relu(nd.array([1, -2]) * 2))
    return demo.Outcome("net", 0.97, [2, 1, 1, 1], [2, 1, 0, 0], [5, 4, 2, 2], step)


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
    assert [each[0].removeprefix("net: ").split(" ")[0:3] for each in found] == [
        ["steady", "steps", "ran"], ["steady", "steps", "compiled"], ["steady", "steps", "ran"],
        ["accuracy", "nan", "is"], ["no", "steady", "step"], ["no", "steady", "step"],
    ]  # fmt: skip


@pytest.mark.lazy
def test_files_that_do_not_fit_are_told(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    step, other = (viz.graph(f(nd.array([1, -2]))) for f in (nd.relu, lambda x: nd.relu(nd.exp(x))))
    demo.show_step(step, tmp_path)
    assert demo.unreadable(step, tmp_path) == []
    assert len(demo.unreadable(other, tmp_path)) == 2


@pytest.mark.lazy
def test_the_ir_is_printed_where_it_is_asked_for(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    step = viz.graph(nd.relu(nd.array([1, -2]) * 2))
    demo.show_step(step, tmp_path)
    short = capsys.readouterr().out
    assert len(short.splitlines()) == 2 and "%" not in short
    demo.show_step(step, tmp_path, ir=True)
    whole = capsys.readouterr().out
    assert whole.startswith(short) and viz.text(step) in whole
    assert "the passes:" in whole and "in numbers: 2 nodes" in whole


def test_the_picture_shows_the_digits_and_what_is_said_of_them() -> None:
    one, other = np.zeros((8, 8)), np.zeros((8, 8))
    one[0, 0] = one[1, 1] = one[6:, 7] = 1
    other[3, 2] = 0.3
    assert demo.picture([one, other], [3, 10], [3, 7]).splitlines() == [
        " \u2580\u2584", "", "", "        \u2588", "  3         10 (7)",
    ]  # fmt: skip
    assert demo.picture([one], [3], [4], encoding="cp1251").isascii()


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
