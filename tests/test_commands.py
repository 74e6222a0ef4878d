"""``lazynd report``, ``viz``, ``profile`` and ``ir``: programs run unedited, files are checked and drawn."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lazynd
from lazynd import observe
from lazynd.__main__ import main
from lazynd.runtime.run.compile import PROGRAMS
from lazynd.runtime.run.history import INTERPRETED

pytestmark = pytest.mark.lazy  # it is about what runs

SCRIPT = """\
import pickle
import sys

from helper import rows
from lazynd import nd


class Mine:
    pass


x = nd.ones((3, 4))
for n in rows:
    last = (nd.dot(x, x.T) * n).sum().asscalar()
print(__name__, sys.argv, __file__, type(pickle.loads(pickle.dumps(Mine()))) is Mine, last)
"""


@pytest.fixture(autouse=True)
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A program with a module beside it, run in the interpreter; nothing was forced or ran before."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "helper.py").write_text("rows = [1, 2, 3]\n", encoding="utf-8")
    path = tmp_path / "there" / "train.py"
    path.write_text(SCRIPT, encoding="utf-8")
    PROGRAMS.clear()
    INTERPRETED.now.clear()
    observe.reset()
    before = sys.argv, list(sys.path), sys.modules["__main__"]
    with lazynd.config.using(tier="interpreted"):
        yield path
    assert (sys.argv, sys.path, sys.modules["__main__"]) == before
    sys.modules.pop("helper", None)


def test_a_script_runs_unedited_and_the_report_follows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "there/train.py", "--epochs", "3"]) == 0
    said, errors = capsys.readouterr()
    first, _, rest = said.partition("\n")
    assert first == "__main__ ['there/train.py', '--epochs', '3'] there/train.py True 108.0"
    assert "3 forces" in rest or "forces and" in rest
    assert "there/train.py:14  last = (nd.dot(x, x.T) * n).sum().asscalar()" in rest
    assert errors == ""


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [
        ("raise KeyError('planted')", 1, "KeyError: 'planted'"),
        ("sys.exit(7)", 7, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit('no data')", 1, "no data"),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt"),
    ],
    ids=["raises", "exits", "exits well", "exits with words", "is interrupted"],
)
def test_the_report_is_told_also_when_the_script_fails(
    end: str, status: int, said: str, script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.write_text(f"{SCRIPT}{end}\n", encoding="utf-8")
    assert main(["report", str(script)]) == status
    out, errors = capsys.readouterr()
    assert "train.py:14  last" in out
    assert errors.rstrip().endswith(said) and "commands.py" not in errors
    if end.startswith("raise"):
        assert f'File "{script}", line 16' in errors


def test_a_script_with_wrong_syntax_is_told_as_python_tells_it(
    script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.write_text("x = (\n", encoding="utf-8")
    assert main(["report", str(script)]) == 1
    assert "SyntaxError" in capsys.readouterr().err


def test_a_report_can_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("report.json", "report.html", "report.txt"):
        assert main(["report", "-o", name, "--by", "forces", "-n", "3", "there/train.py"]) == 0
    data = json.loads(Path("report.json").read_text(encoding="utf-8"))
    line = data["lines"][0]
    assert (
        (line["file"], line["line"]) == ("there/train.py", 14)
        and line["causes"] == {"asscalar": 3}
        and len(data["forces"]) == 3
    )
    page = Path("report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and "there/train.py:14" in page
    assert "there/train.py:14" in Path("report.txt").read_text(encoding="utf-8")
    assert capsys.readouterr().out.count("written: report.") == 3


def test_viz_writes_the_explorer_of_the_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["viz", "there/train.py"]) == 0
    page = Path("explorer.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and "nd.dot(x, x.T)" in page
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith("explorer.html: ") and "interpreted, 2 runs of " in told and told.endswith("train.py:14")


def test_viz_writes_several_programs_and_other_forms(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["viz", "-n", "2", "-o", "step.txt", "there/train.py"]) == 0
    assert sorted(path.name for path in Path().glob("step*")) == ["step-2.txt", "step.txt"]
    assert all(path.read_text(encoding="utf-8").startswith("graph ") for path in Path().glob("step*"))
    capsys.readouterr()


def test_viz_of_a_script_that_runs_nothing_says_so(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script.write_text("from lazynd import nd\nx = nd.ones((2,)) * 2\n", encoding="utf-8")
    assert main(["viz", str(script)]) == 1
    assert "it reads no value" in capsys.readouterr().err and not Path("explorer.html").exists()


def test_a_profile_can_be_taken_of_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "there/train.py"]) == 0
    events = json.loads(Path("profile.json").read_text(encoding="utf-8"))["traceEvents"]
    assert sum(event["name"] == "asscalar, there/train.py:14" for event in events) == 3
    assert "perfetto" in capsys.readouterr().out


GRAPH = "graph main(%0: float32[2]) {\n  %1: float32[2] = ir.negate(%0)\n  return %1\n}\n"


def test_a_file_of_ir_is_checked_printed_and_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    Path("g.ir").write_text(GRAPH, encoding="utf-8")
    assert main(["ir", "g.ir"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(GRAPH) and "negate" in said[len(GRAPH) :]
    assert main(["ir", "g.ir", "-o", "g.svg"]) == 0
    assert Path("g.svg").read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("graph main(", "g.ir: line 1: "), (GRAPH.replace("float32[2] = ", "float32[3] = "), "g.ir: ")],
    ids=["text", "types"],
)
def test_what_is_wrong_with_a_file_of_ir_is_said(text: str, wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("g.ir").write_text(text, encoding="utf-8")
    assert main(["ir", "g.ir"]) == 2
    assert capsys.readouterr().err.startswith(f"lazynd ir: {wrong}")


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["report", "nowhere.py"], "nowhere.py cannot be read"),
        (["viz", "-o", "nowhere/step.html", "there/train.py"], "there is no folder"),
        (["viz", "-o", "step.pdf", "there/train.py"], "step.pdf ends in none of .html, "),
        (["ir", "nowhere.ir"], "nowhere.ir"),
    ],
    ids=["script", "folder", "ending", "file"],
)
def test_what_cannot_be_done_is_said_before_anything_runs(
    arguments: list[str], wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, errors = capsys.readouterr()
    assert wrong in errors and errors.startswith(f"lazynd {arguments[0]}: ") and out == ""


def test_a_number_below_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["viz", "-n", "0", "there/train.py"])
    assert stop.value.code == 2 and "0 is not a number from 1" in capsys.readouterr().err


def test_the_commands_are_listed(capsys: pytest.CaptureFixture[Any]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(f"    {name} " in said for name in ("viz", "report", "profile", "ir"))
