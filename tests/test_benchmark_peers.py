"""The benchmarks beside peers: everybody computes the same, and what is told follows from what was measured."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

import lazynd
from benchmarks.peers import __main__ as command
from benchmarks.peers import in_jax, in_mxnet, subjects
from benchmarks.peers.measure import agree, best_peer, ratio
from benchmarks.peers.workloads import WORKLOADS, Workload, parameters_of, values_of


@pytest.mark.parametrize("name", ["mlp_50", "control_flow", "lenet_inference"])
def test_each_spelling_and_jax_find_the_same(name: str) -> None:
    with lazynd.config.using(tier="auto"):
        steps = [in_mxnet.step_of(lazynd, name, spelling) for spelling in WORKLOADS[name].spellings]
        found = {f"lazynd {n}": {"results": [step(), step()]} for n, step in enumerate(steps)}
        lazynd.nd.waitall()  # updates that nobody read
    by_hand = in_jax.step_of(name)
    found["jax"] = {"results": [by_hand(), by_hand()]}
    assert agree(WORKLOADS[name], found)
    assert len(set(found["jax"]["results"])) == (2 if name == "mlp_50" else 1), "a step changes what comes next"


@pytest.mark.parametrize("name", WORKLOADS)
def test_numbers_are_those_that_networks_take(name: str) -> None:
    assert [value.shape for value in values_of(name)] == [each.shape for each in parameters_of(name)]
    if name not in in_mxnet._OTHERS and name.startswith(("resnet", "densenet", "lenet", "bert")):
        with lazynd.config.using(tier="auto"):
            in_mxnet.network(lazynd, name, values_of(name))  # asserts that shapes and order are these
            lazynd.nd.waitall()


def told(**walls: list[float]) -> dict[str, dict[str, Any]]:
    return {
        name.replace("_", " "): {"wall": times, "cpu": times, "peak": 2**20, "results": [1.0, 2.0]}
        for name, times in walls.items()
    }


def test_the_ratio_is_that_of_rounds_to_the_peer_that_is_best() -> None:
    found = told(lazynd_imperative=[2.0, 4.0, 9.0], jax=[1.0, 2.0, 3.0], torch=[5.0, 5.0, 0.1])
    assert best_peer(found, "wall") == "jax"
    assert ratio(found, "lazynd imperative", "wall") == 2.0
    alone = told(lazynd_imperative=[2.0])
    assert best_peer(alone, "wall") is None and ratio(alone, "lazynd imperative", "wall") is None


def test_results_that_differ_are_told() -> None:
    found = told(lazynd_imperative=[1.0], jax=[1.0])
    workload = Workload("w", "work")
    assert agree(workload, found)
    found["jax"]["results"] = [1.0, 2.1]
    assert not agree(workload, found)
    assert agree(Workload("w", "work", random=True), found)
    assert "DISAGREE" in command.table({"title": "work", "agree": False, "subjects": found})


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
