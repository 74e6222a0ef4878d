"""``python -m lazynd passes``: passes by name, with options, on text."""

from __future__ import annotations

import io
import pathlib
import subprocess
import sys

import pytest

from lazynd.__main__ import main
from lazynd.ir.parse import parse_graph
from lazynd.ir.text import print_graph
from lazynd.ops import OPERATORS
from lazynd.passes import PIPELINE, name_of
from lazynd.passes.options import KNOWN, PassError, describe, options_of, parse_pass

GRAPH = """graph main(%0: float32[2,3]) {
  %1: float32[3,2] = transpose(%0) {axes=()}
  %2: float32[2,3] = transpose(%1) {axes=()}
  %3: float32[2,3] = tanh(%2)
  return %3
}
"""
SHORTER = """graph main(%0: float32[2,3]) {
  %1: float32[2,3] = tanh(%0)
  return %1
}
"""
FOLDED = """graph main() {
  %0: int32[3] = ir.constant() {value=int32[3](1, 2, 3), context=cpu(0)}
  %1: int32[3] = ir.add(%0, %0)
  return %1
}
"""


@pytest.fixture
def file(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "graph.txt"
    path.write_text(GRAPH, encoding="utf-8")
    return str(path)


def test_a_pass_runs_on_a_file(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["passes", file, "-p", "simplify_operators"]) == 0
    assert capsys.readouterr().out == SHORTER
    assert main(["passes", file, "-p", "simplify"]) == 0
    assert capsys.readouterr().out == GRAPH, "the rules on primitives know no operator"


def test_a_pass_runs_on_the_standard_input() -> None:
    command = [sys.executable, "-m", "lazynd", "passes", "-", "-p", "simplify_operators"]
    found = subprocess.run(command, input=GRAPH, capture_output=True, text=True, check=True)
    assert found.stdout == SHORTER and not found.stderr
    wrong = subprocess.run([*command[:-1], "simplfy"], input=GRAPH, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2 and "near: simplify" in wrong.stderr and not wrong.stdout


def test_every_pass_runs_in_its_order_and_the_text_is_a_graph(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = [argument for step in PIPELINE for argument in ("-p", name_of(step))]
    assert main(["passes", file, *names]) == 0
    made = capsys.readouterr().out
    assert print_graph(parse_graph(made, OPERATORS), False).splitlines()[1] == "  %1: float32[2,3] = ir.tanh(%0)"


def test_stages_are_printed(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["passes", file, "-p", "simplify_operators", "-p", "dead_code", "--stages"]) == 0
    assert capsys.readouterr().out == f"# recorded\n{GRAPH}# simplify_operators\n{SHORTER}# dead_code\n{SHORTER}"


def test_options_are_read_by_type(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(FOLDED))
    assert main(["passes", "-p", "fold_constants:most=2"]) == 0
    assert "ir.add" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO(FOLDED))
    assert main(["passes", "-p", "fold_constants"]) == 0
    assert "ir.add" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, message",
    [
        ("fold_constant", r"there is no pass 'fold_constant'; near: fold_constants"),
        ("zzz", r"there is no pass 'zzz'$"),
        ("no_such_module.function", r"there is no pass 'no_such_module.function': No module named"),
        ("math.pi", r"'math.pi' is no function"),
        ("fold_constants:mots=3", r"fold_constants has no option 'mots'; near: most; it has most=64"),
        ("fold_constants:most", r"'most' is not option=value; near: most; it has most=64"),
        ("dead_code:most=3", r"dead_code has no option 'most'; it has none"),
        ("fold_constants:most=few", r"the option most of fold_constants is of type int, not 'few'"),
        ("expand:claimed=1", r"expand has no option 'claimed'; it has none"),
        ("os.getcwd", r"'os.getcwd' is no pass: it does not take a graph alone"),
    ],
)
def test_what_is_unknown_is_told(name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PassError, match=message):
        parse_pass(name)
    assert main(["passes", "-", "-p", name]) == 2
    told = capsys.readouterr()
    assert not told.out and told.err.count("\n") == 1


@pytest.mark.parametrize("text, message", [("graph", "line 1"), (GRAPH.replace("tanh", "tahn"), "no operator 'tahn'")])
def test_text_that_is_no_graph_is_told(text: str, message: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    pathlib.Path(file).write_text(text, encoding="utf-8")
    assert main(["passes", file, "-p", "expand"]) == 2
    assert message in capsys.readouterr().err
    assert main(["passes", f"{file}.none", "-p", "expand"]) == 2


@pytest.mark.parametrize("name", ["os.path.isabs", "builtins.repr", "builtins.len", "builtins.list", "math.sqrt"])
def test_a_function_that_is_no_pass_is_told(name: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Some give no graph, some raise: those that Python code raises are raised."""
    if name == "os.path.isabs":
        with pytest.raises(TypeError):
            main(["passes", file, "-p", name])
        return
    assert main(["passes", file, "-p", name]) == 2
    told = capsys.readouterr()
    assert not told.out and told.err.startswith(f"{name!r} is no pass: ") and told.err.count("\n") == 1


def test_what_is_wrong_with_a_file_names_it(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    pathlib.Path(file).write_bytes(b"graph main(\xff")
    assert main(["passes", file, "-p", "expand"]) == 2
    assert capsys.readouterr().err.startswith(f"{file}: 'utf-8' codec can't decode byte 0xff in position 11")
    pathlib.Path(file).write_text("graph", encoding="utf-8")
    assert main(["passes", file]) == 2
    assert capsys.readouterr().err.startswith(f"{file}: line 1")


def test_a_file_without_passes_is_shown_as_it_is_read(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["passes", file]) == 0
    assert capsys.readouterr().out == GRAPH
    pathlib.Path(file).write_text(GRAPH.replace("float32[3,2] = ", "float32[2,3] = "), encoding="utf-8")
    assert main(["passes", file]) == 2
    assert capsys.readouterr().err.startswith(f"{file}: ")


def test_passes_are_listed_with_their_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["passes"]) == 0
    listed = capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["passes", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for step in PIPELINE:
        assert describe(step) in listed and describe(step) in shown
        assert len(describe(step)) > 40, "it says what it is for"
    assert "fold_constants:most=64" in listed


def test_a_pass_that_breaks_a_graph_is_told(
    file: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "breaking.py").write_text(
        "from lazynd.ir.graph import Graph\n\n\n"
        "def turn(graph: Graph, *, really: bool = True) -> Graph:\n"
        "    return Graph(graph.inputs, graph.outputs, graph.nodes[::-1]) if really else graph\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["passes", file, "-p", "breaking.turn"]) == 2
    assert "does not come before it" in capsys.readouterr().err
    assert main(["passes", file, "-p", "breaking.turn:really=no"]) == 2
    assert main(["passes", file, "-p", "breaking.turn:really=false"]) == 0
    del sys.modules["breaking"]


def test_the_known_passes_are_those_of_the_pipeline() -> None:
    assert set(KNOWN.values()) == set(PIPELINE)
    assert all(isinstance(options_of(step), dict) for step in PIPELINE)
