"""Settings are typed, named, read from the environment, and changed for good or for a block."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

import lazynd
from lazynd import manual


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("window", "2", TypeError), ("window", 2.0, TypeError), ("window", True, TypeError),
        ("window", None, TypeError), ("window", -1, ValueError), ("eager", 1, TypeError),
        ("eager", "no", TypeError), ("backend", None, TypeError), ("backend", "nowhere", ValueError),
        ("cache", "folder", TypeError), ("no_such", 1, AttributeError), ("windw", 1, AttributeError),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused(name: str, value: Any, kind: type[Exception]) -> None:
    before = {each.name: each.value for each in manual.settings()}
    with pytest.raises(kind, match=name):
        setattr(lazynd.config, name, value)
    with pytest.raises(kind, match=name), lazynd.config.using(verify=False, **{name: value}):
        pytest.fail("the block was entered")
    assert {each.name: each.value for each in manual.settings()} == before


def test_settings_for_a_block() -> None:
    before = lazynd.config.window, lazynd.config.cache
    there = pathlib.Path("there").absolute()  # it stays where it is, wherever the program goes
    with lazynd.config.using(window=before[0] + 3, cache=pathlib.Path("there")) as config:
        assert config is lazynd.config and (config.window, config.cache) == (before[0] + 3, there)
        with pytest.raises(KeyError), config.using(window=9):
            raise KeyError
        assert config.window == before[0] + 3
    assert (lazynd.config.window, lazynd.config.cache) == before


@pytest.mark.parametrize("each", manual.settings(), ids=lambda each: each.name)
def test_every_setting_is_read_from_the_environment(each: Any) -> None:
    name = each.environment[0]
    text, value = {"bool": ("yes", True), "int": ("17", 17), "str": ("numpy", "numpy")}.get(
        each.type, ("there", pathlib.Path("there").absolute())
    )
    program = f"import lazynd; print(repr(lazynd.config.{each.name}))"
    run = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, name: text}, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == repr(value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("LAZYND_WINDOW", "many", "LAZYND_WINDOW='many'"), ("LAZYND_WINDOW", "-1", "window"),
        ("LAZYND_BACKEND", "nowhere", "config.backend is one of"),
        ("LAZYND_CACHE", "~no_such_user/x", "LAZYND_CACHE='~no_such_user/x'"),
    ],
)  # fmt: skip
def test_a_wrong_environment_is_refused_by_name(name: str, text: str, said: str) -> None:
    environment = {**os.environ, name: text}
    run = subprocess.run([sys.executable, "-c", "import lazynd"], env=environment, capture_output=True, text=True)
    assert run.returncode and said in run.stderr
