"""Names, parameters and defaults of gluon's classes, against MXNet's."""

from __future__ import annotations

import inspect
import pathlib
from typing import Any

import numpy as np
import pytest

import lazynd

LINES = [
    line
    for line in (pathlib.Path(__file__).parents[1] / "data" / "gluon_signatures.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
#: What is not built; the coverage page lists it.
NOT_YET = (
    "gluon.HybridBlock.export", "gluon.HybridBlock.infer_type", "gluon.Block.save(",
    "gluon.Block.load(", "gluon.Block.register_op_hook", "gluon.HybridBlock.register_op_hook",
)  # fmt: skip
#: Where a default of ours is another: states of cells are arrays by default, as calls need them.
OTHER = {"gluon.rnn.ModifierCell.begin_state"}


def find(path: str) -> Any:
    place = lazynd
    for name in path.split("."):
        place = getattr(place, name)
    return place


def shown(default: Any) -> str:
    """A default as the file writes it."""
    if default is np.float32:
        return "numpy.float32"
    if inspect.isfunction(default):
        return f"<function {default.__name__}>"
    if type(default).__module__.startswith("lazynd."):
        return f"<{type(default).__name__}>"
    return repr(default)


def spelt(parameters: list[inspect.Parameter]) -> str:
    parts = []
    for each in parameters:
        if each.kind is each.VAR_POSITIONAL:
            parts.append(f"*{each.name}")
        elif each.kind is each.VAR_KEYWORD:
            parts.append(f"**{each.name}")
        else:
            if each.kind is each.KEYWORD_ONLY and not any(p.startswith("*") for p in parts):
                parts.append("*")
            parts.append(each.name if each.default is each.empty else f"{each.name}={shown(each.default)}")
    return ", ".join(parts)


@pytest.mark.parametrize("line", [each for each in LINES if not each.startswith(NOT_YET)])
def test_parameters_and_defaults_are_those_of_mxnet(line: str) -> None:
    path, called, wanted = line.removesuffix(")").partition("(")
    found = find(path)
    if not called:
        assert isinstance(found, property)
    elif path not in OTHER and path != "gluon.DeferredInitializationError":
        parameters = list(inspect.signature(found).parameters.values())
        owner, _, name = path.rpartition(".")
        bound = inspect.isclass(found) or isinstance(inspect.getattr_static(find(owner), name), staticmethod)
        assert spelt(parameters[not bound :]) == wanted


def test_the_comparison_can_fail() -> None:
    parameters = list(inspect.signature(lambda a, b=1, *c, d=None: None).parameters.values())
    assert spelt(parameters) == "a, b=1, *c, d=None"


@pytest.mark.parametrize("line", [each for each in LINES if each.startswith(NOT_YET)])
def test_what_is_not_built_says_so(line: str) -> None:
    path = line.partition("(")[0]
    with pytest.raises(NotImplementedError, match="is not built yet"):
        getattr(lazynd.gluon.nn.Dense(1), path.rpartition(".")[2])


@pytest.mark.parametrize(
    ("place", "count"), [("nn", 39), ("rnn", 15), ("loss", 15), ("contrib.nn", 8), ("contrib.rnn", 11)]
)
def test_all_classes_are_there(place: str, count: int) -> None:
    module = find(f"gluon.{place}")
    start = f"gluon.{place}."
    listed = {line.removeprefix(start).split("(")[0] for line in LINES if line.startswith(start)}
    classes = {name for name in listed if "." not in name}
    assert len(classes) == count
    assert classes <= {name for name in module.__all__ if inspect.isclass(getattr(module, name))}
