"""Names, parameters and defaults of what trains, against the list of MXNet 1.9.1's."""

from __future__ import annotations

import inspect
import pathlib
from typing import Any

import pytest

import lazynd
from lazynd import reference
from lazynd.gluon import trainer

LINES = [
    line.split(" ", 1)
    for line in (pathlib.Path(__file__).parent / "data" / "training_signatures.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
SIGNATURES = dict(LINES)


def found(path: str) -> Any:
    place: Any = lazynd
    for step in path.removeprefix("gluon.").split("."):
        place = getattr(trainer if step == "Trainer" else place, step)
    return place


def shown(path: str) -> str:
    """The parameters of a class, function or method, with defaults and without self, as the list spells them."""
    thing = found(path)
    parameters = list(inspect.signature(thing).parameters.values())
    owner = path.rpartition(".")[0]
    if inspect.isclass(found(owner)) and not inspect.isclass(thing) and parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    plain = [p.replace(annotation=p.empty) for p in parameters]
    return str(inspect.Signature(plain))


@pytest.mark.parametrize("path", sorted(SIGNATURES))
def test_parameters_and_defaults(path: str) -> None:
    assert shown(path) == SIGNATURES[path]


@pytest.mark.parametrize(
    "place", ["init", "lr_scheduler", "optimizer", "optimizer.contrib", "metric", "callback", "registry"]
)
def test_all_names_are_there(place: str) -> None:
    absent = {"is_np_array"} if place == "init" else set()  # mx.np is not built yet
    for name in reference.api()[place] - absent:
        assert hasattr(found(place), name), name


def test_names_of_classes() -> None:
    classes = [
        place for place in reference.api() if place.split(".")[0] in ("init", "lr_scheduler", "optimizer", "metric")
    ]
    for place in classes:
        for name in reference.api()[place]:
            assert place == "init" or hasattr(found(place), name), (place, name)
