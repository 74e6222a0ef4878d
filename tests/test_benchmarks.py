"""The benchmarks run, and say what they should say; never how fast it was."""

from __future__ import annotations

import gc
import json
import pathlib
import pkgutil
import textwrap

import pytest

from benchmarks import __main__ as command
from benchmarks import figures
from benchmarks.registry import FIGURES, discover, figure
from benchmarks.report import number, summary, table
from benchmarks.result import Budget, Row
from benchmarks.timing import TINY, interleave, repeated

#: The figures that the design sets budgets for, and how many rows each has at the least.
BUDGETED = {
    "recording": 14, "chain": 2, "importing": 1, "step": 2, "programs": 1, "memory": 1, "shapes": 6,
    "recurrent_compiling": 1, "first": 3, "rows": 2, "explorer": 1,
}  # fmt: skip
#: Those whose budget is a multiple of MXNet's time, where that can be measured.
AGAINST_MXNET = {"convolution", "ordering", "pooling"}
#: Figures that judge some of their rows alone: how many, and how many of the short form with MXNet beside.
PARTLY = {"gluon": (1, 1), "looking": (1, 1), "small": (1, 4), "whole": (0, 2)}


@pytest.fixture(autouse=True)
def no_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    """To collect what thousands of tests left, before each sample, takes longer than all samples."""
    monkeypatch.setattr(gc, "collect", lambda: 0)


def test_every_file_declares_the_figure_of_its_name() -> None:
    files = {module.name for module in pkgutil.iter_modules(figures.__path__)}
    assert set(discover()) == files
    assert files >= set(BUDGETED)


def test_a_figure_is_declared_once() -> None:
    def measure(effort: object) -> list[Row]:
        return []

    measure.__module__ = "benchmarks.figures.chain"
    discover()
    with pytest.raises(TypeError, match="'chain' is declared twice"):
        figure("again")(measure)


@pytest.mark.parametrize(
    "name",
    [
        "recording",
        "chain",
        "step",
        "reading",
        "arguments",
        "perceptron",
        "gluon",
        "convolution",
        pytest.param("ordering", marks=pytest.mark.slow),
        "pooling",
        "recurrent",
        "looking",
        "explorer",
    ],
)
def test_figure_in_this_process(name: str) -> None:
    check(name)


@pytest.mark.parametrize(
    "name",
    [
        *("importing", "programs"),
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                "cold",
                "compiling",
                "first",
                "memory",
                "recurrent_compiling",
                "rows",
                "shapes",
                "small",
                "whole",
            )
        ),
    ],
)
def test_figure_with_processes_of_its_own(name: str) -> None:
    check(name)


def check(name: str) -> None:
    rows = list(discover()[name].measure(TINY))
    assert len(rows) >= BUDGETED.get(name, 1)
    for row in rows:
        counts = {len(values) for values in row.samples.values()}
        assert len(counts) == 1 and counts.pop() >= 1
        assert all(value > 0 for values in row.samples.values() for value in values)
        if name not in PARTLY:
            assert (row.budget is not None) == (name in BUDGETED or (name in AGAINST_MXNET and "mxnet" in row.samples))
        assert row.met in ((True, False) if row.budget else (None,))
    if name in PARTLY:
        assert sum(row.budget is not None for row in rows) == PARTLY[name]["mxnet" in rows[0].samples]
    text = table(FIGURES[name], rows)
    assert all(row.name in text for row in rows)


def test_the_command_writes_every_round(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    assert command.main(["--effort", "tiny", "--json", str(file), "reading"]) == 0
    found = json.loads(file.read_text())
    assert {"date", "machine", "versions", "effort", "figures"} <= found.keys()
    assert {"python", "jax", "numpy", "lazynd"} <= found["versions"].keys()
    (row, *_) = found["figures"]["reading"]["rows"]
    assert len(row["samples"]["lazynd"]) == TINY.rounds
    assert row["medians"].keys() == row["samples"].keys()
    assert "asnumpy" in capsys.readouterr().out


def test_an_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["no_such_figure"])
    assert "recording" in capsys.readouterr().err


def test_cases_take_turns() -> None:
    calls: list[str] = []

    def case(name: str) -> float:
        calls.append(name)
        return 1.0

    samples = interleave({"a": lambda: case("a"), "b": lambda: case("b")}, 3, factor=2.0, warm_up=False)
    assert calls == ["a", "b", "b", "a", "a", "b"]
    assert samples == {"a": [2.0] * 3, "b": [2.0] * 3}


def test_repeated_runs_as_often_as_it_says() -> None:
    calls: list[int] = []
    repeated(lambda: calls.append(1), 7)()
    assert len(calls) == 7


def test_budgets_judge_medians_and_ratios_round_by_round() -> None:
    samples = {"lazynd": [2.0, 4.0, 30.0], "other": [1.0, 2.0, 10.0]}
    assert Row("x", "us", samples, Budget(4.0)).met is True
    assert Row("x", "us", samples, Budget(3.9)).met is False
    assert Row("x", "us", samples, Budget(2.0, "other")).judged == 2.0
    assert Row("x", "us", samples, Budget(1.9, "other")).met is False
    assert Row("x", "us", samples).met is None


def test_a_missed_budget_is_stated() -> None:
    discover()
    rows = [
        Row("slow one", "us", {"lazynd": [5.0]}, Budget(4.0)),
        Row("good one", "us", {"lazynd": [3.0]}, Budget(4.0)),
    ]
    assert "MISSED" in table(FIGURES["chain"], rows)
    expected = """\
        1 of 2 budgets met
          missed: chain, slow one: 5 us of 4 us"""
    assert summary([(FIGURES["chain"], rows)]) == textwrap.dedent(expected)


@pytest.mark.parametrize(
    ("value", "text"), [(3, "3"), (0.01234, "0.0123"), (1.234, "1.23"), (12.34, "12.3"), (432.1, "432")]
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text
