"""The benchmarks beside peers: everybody computes the same, and what is told follows from what was measured."""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

import pytest

import lazynd
from benchmarks.peers import __main__ as command
from benchmarks.peers import in_jax, in_mxnet, parts, subjects
from benchmarks.peers.measure import best_peer, differences, ratio
from benchmarks.peers.workloads import WORKLOADS, Step, Workload, changes, parameters_of, values_of
from lazynd.runtime.run import drive, force
from lazynd.runtime.tell.stats import stats

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "docs"))
import peers_page

sys.path.pop(0)


def found_by(name: str, step: Step) -> dict[str, Any]:
    first = step()
    moved = changes(name, step)
    return {"results": [first, step()], "changes": moved}


@pytest.mark.parametrize("name", ["mlp_50", "control_flow", "lenet_inference"])
def test_each_spelling_and_jax_find_the_same(name: str) -> None:
    with lazynd.config.using(tier="auto"):
        steps = {each: in_mxnet.step_of(lazynd, name, each) for each in WORKLOADS[name].spellings}
        found = {f"lazynd {spelling}": found_by(name, step) for spelling, step in steps.items()}
        lazynd.nd.waitall()  # updates that nobody read
    found["jax"] = found_by(name, in_jax.step_of(name))
    assert differences(WORKLOADS[name], found) == []
    assert len(set(found["jax"]["results"])) == (2 if name == "mlp_50" else 1), "a step changes what comes next"
    assert len(found["jax"]["changes"]) == (100 if name == "mlp_50" else 0)


def test_changes_are_told_whatever_the_order_of_axes() -> None:
    steps = [in_jax.step_of("lenet_training") for _ in range(2)]
    before = changes("lenet_training", steps[0])
    assert before == [0.0] * 10, "kernels come back in the order in which they were given"
    steps[1].run()
    assert all(changes("lenet_training", steps[1]))


def test_the_time_of_a_step_is_told_in_parts() -> None:
    x, kept = lazynd.nd.ones((3, 4)), force.drive

    def step() -> float:
        return float((x * 2 + x).sum().asscalar())

    with lazynd.config.using(tier="compiled"):
        step()
        found = parts.parts_of(step, 3)
        assert found["programs"] == 1
        assert min(found[part] for part in ("recording", "planning", "call", "alone", "alone_cpu")) > 0
        runs = stats.runs
        assert step() == 36.0
        assert stats.runs == runs + 1, "the step runs as before"
    assert force.drive is drive.drive is kept, "and nothing watches it"


@pytest.mark.parametrize("name", WORKLOADS)
def test_numbers_are_those_that_networks_take(name: str) -> None:
    assert [value.shape for value in values_of(name)] == [each.shape for each in parameters_of(name)]
    if name not in in_mxnet._OTHERS and name.startswith(("resnet", "densenet", "lenet", "bert")):
        with lazynd.config.using(tier="auto"):
            in_mxnet.network(lazynd, name, values_of(name))  # asserts that shapes and order are these
            lazynd.nd.waitall()


def told(**walls: list[float]) -> dict[str, dict[str, Any]]:
    rest = {"peak": 2**20, "results": [1.0, 2.0], "changes": [0.5, 0.05, 1e-7], "version": "1.0"}
    return {name.replace("_", " "): {"wall": times, "cpu": times, **rest} for name, times in walls.items()}


def work(subjects: dict[str, dict[str, Any]], **rest: Any) -> dict[str, Any]:
    return {"title": "work", "eager": False, "differences": [], "subjects": subjects, **rest}


def test_the_ratio_is_that_of_rounds_to_the_peer_that_is_best() -> None:
    found = work(told(lazynd_imperative=[2.0, 4.0, 9.0], jax=[1.0, 2.0, 3.0], torch=[5.0, 5.0, 0.1]))
    assert best_peer(found, "lazynd imperative", "wall") == "jax"
    assert ratio(found, "lazynd imperative", "wall") == 2.0
    alone = work(told(lazynd_imperative=[2.0]))
    assert best_peer(alone, "lazynd imperative", "wall") is None
    assert ratio(alone, "lazynd imperative", "wall") is None


def test_one_program_is_no_peer_of_operators_that_run_one_by_one() -> None:
    found = work(told(lazynd_imperative=[2.0], lazynd_compiled=[2.0], jax=[1.0], torch=[4.0]), eager=True)
    assert ratio(found, "lazynd imperative", "wall") == 0.5
    assert ratio(found, "lazynd compiled", "wall") == 2.0
    assert command.table(found).count("best") == 4  # jax and torch, by the clock and in CPU time


def test_results_that_differ_are_told() -> None:
    found = told(lazynd_imperative=[1.0], jax=[1.0], torch=[1.0])
    workload, drawing = Workload("w", "work"), Workload("w", "work", random=True)
    assert differences(workload, found) == []
    found["jax"]["results"] = [1.0, 2.09]
    found["torch"]["changes"] = [0.5, 0.06, 1e-6]
    assert differences(workload, found) == [
        "second result: jax 2.09, most 2", "change of parameter 1: torch 0.06, most 0.05"
    ]  # fmt: skip
    assert differences(drawing, found) == []
    found["torch"]["results"] = [float("nan"), 2.0]
    assert differences(drawing, found) == ["first result: torch nan, most 1"]
    found["torch"]["changes"] = [0.5]
    assert "numbers of parameters" in differences(drawing, found)[-1]
    assert "RESULTS DIFFER in the who" in command.table(work(found, differences=["who"]))


def test_a_peer_that_is_absent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "oracle_python", lambda: None)
    monkeypatch.setattr(subjects, "torch_python", lambda: None)
    assert set(subjects.absent()) == {"mxnet", "torch"}
    names = [each.name for each in subjects.subjects(WORKLOADS["mlp_50"])]
    assert names == ["lazynd imperative", "lazynd hybridized", "lazynd compiled", "jax"]


def test_a_record_is_kept_by_commit(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = {"commit": "abc", "date": "2026-12-01T00:00:00+00:00", "workloads": {"w": told(jax=[1.23456789])}}
    path = command.keep(record, tmp_path)
    assert path.name == "2026-12-01-abc.json"
    assert json.loads(path.read_text())["workloads"]["w"]["jax"]["wall"] == [1.2346]


def test_the_page_tells_of_the_newest_record_what_is_missed_and_who_differs(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No record" in peers_page.peers_page([])
    shares = {"recording": 1e-3, "planning": 2e-3, "call": 5e-4, "alone": 0.4, "alone_cpu": 0.5, "programs": 1.0}
    subjects = told(lazynd_imperative=[3.0], lazynd_compiled=[1.0], jax=[2.0], torch=[1.0])
    for name in subjects:
        cost = {step: {"wall": 1.0, "cpu": 4.0 if name == "jax" else 2.0} for step in ("first", "twentieth")}
        subjects[name] |= {"cold": cost, "warm": cost} | ({"parts": shares} if name.startswith("lazynd") else {})
    facts = {"cores": 2, "processor": "a processor", "python": "3.11", "torch": "2.13"}
    record = {"commit": "abc", "date": "2026-12-02", "facts": facts, "absent": {"mxnet": "it is not there"},
              "workloads": {"mlp_50": work(subjects, differences=["first result: jax 1"])}}  # fmt: skip
    monkeypatch.setattr(peers_page, "HISTORY", tmp_path)
    command.keep(record, tmp_path)
    command.keep(record | {"commit": "old", "date": "2026-12-01"}, tmp_path)
    found = peers_page.records()
    assert [each["commit"] for each in found] == ["old", "abc"]
    page = peers_page.peers_page(found)
    for line in (
        "Measured on 2026-12-02 at commit abc: 2 cores of an a processor, Python 3.11, torch 2.13.",
        "Absent: mxnet, it is not there.",
        "work: results differ in the first result: jax 1.",
        "| work | imperative | 3e+03 | 3e+03 | torch | 1e+03 | 1e+03 | 3.00 | 3.00 |",
        "| work | imperative | 1 | 2 | 0.5 | 1 | 500 | torch 1e+03 | 0.50 |",
        "| work | lazynd imperative | 2.00 / 2.00 | 2.00 / 2.00 | 1 | 0.50 / 0.50 |",
        "## By commit",
    ):
        assert line in page
    assert "* **work**: imperative 3.00 by the clock and 3.00 in CPU time (programs alone 0.50). jax by hand" in page
    assert "compiled" not in page.partition("What is missed")[2].partition("## From")[0].partition("* **work**")[2][:99]
