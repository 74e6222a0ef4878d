"""The classes and functions of data loading are MXNet's: names, parameters, defaults."""

from __future__ import annotations

import inspect
import json
import os
import pathlib
from typing import Any

import pytest

import lazynd

FACTS = json.loads((pathlib.Path(__file__).parents[2] / "data" / "loading" / "facts.json").read_text(encoding="utf-8"))
SIGNATURES: dict[str, Any] = FACTS["signatures"]
#: How MXNet's processes send arrays to one another, of which nothing is left.
ABSENT = {
    f"gluon.data.dataloader.{name}"
    for name in (
        "ConnectionWrapper", "ConnectionWrapper.recv", "ConnectionWrapper.send", "Queue", "SimpleQueue",
        "fetcher_loop_v1", "rebuild_ndarray", "rebuild_np_ndarray", "reduce_ndarray", "reduce_np_ndarray",
        "worker_loop_v1",
    )
}  # fmt: skip
STARS = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def find(path: str) -> Any:
    found: Any = lazynd
    for step in path.split("."):
        found = getattr(found, step)
    return found


def parameters(function: Any) -> list[str]:
    made = []
    for each in inspect.signature(function).parameters.values():
        if each.name != "self":
            default = "" if each.default is each.empty else f"={each.default!r}".replace(os.path.expanduser("~"), "~")
            made.append(STARS.get(each.kind, "") + each.name + default)
    return made


@pytest.mark.parametrize("path", sorted(SIGNATURES.keys() - ABSENT))
def test_parameters(path: str) -> None:
    expected, found = SIGNATURES[path], find(path)
    if isinstance(expected, str):
        assert found is find(expected)
        return
    if isinstance(found, type) and found.__init__ is object.__init__:
        assert expected in (["*args", "**kwargs"], ["*args"], []), "MXNet's takes parameters"
        return
    assert parameters(found.__init__ if isinstance(found, type) else found) == expected


def test_what_is_absent_is_so() -> None:
    for path in ABSENT:
        if path.count(".") == 3:
            place, name = path.rsplit(".", 1)
            assert not hasattr(find(place), name)


def test_dir_is_public() -> None:
    for place in ("gluon.data", "gluon.data.dataset", "gluon.data.sampler", "gluon.data.dataloader", "gluon.utils"):
        assert "annotations" not in dir(find(place)) and "np" not in dir(find(place))
        for name in dir(find(place)):
            assert getattr(find(place), name) is not None
