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
        ("tier", "fast", ValueError), ("tier_scale", -0.5, ValueError), ("tier_scale", "1", TypeError),
        ("cache", "folder", TypeError), ("debug_nans", "yes", ValueError), ("no_such", 1, AttributeError),
        ("windw", 1, AttributeError),
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
    words = {"backend": "numpy", "tier": "interpreted", "debug_nans": "inf", "mask_generator": "threefry"}
    if each.type == "str":
        text = value = words[each.name]
    else:
        text, value = {"bool": ("yes", True), "int": ("17", 17), "float": ("0.25", 0.25)}.get(
            each.type, ("there", pathlib.Path("there").absolute())
        )
    program = f"import lazynd; print(repr(lazynd.config.{each.name}))"
    run = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, name: text}, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == repr(value)


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("LAZYND_WINDOW", "many", "LAZYND_WINDOW='many'"),
        ("LAZYND_WINDOW", "-1", "window"),
        ("LAZYND_BACKEND", "nowhere", "config.backend is one of"),
        ("LAZYND_CACHE", "~no such user/x", "ValueError: LAZYND_CACHE='~no such user/x'"),
    ],
)
def test_a_wrong_environment_is_refused_by_name(variable: str, text: str, said: str) -> None:
    environment = {**os.environ, variable: text}
    run = subprocess.run([sys.executable, "-c", "import lazynd"], env=environment, capture_output=True, text=True)
    assert run.returncode and said in run.stderr


@pytest.mark.lazy
def test_the_folder_of_programs_stays_where_it_was_when_the_process_moves(tmp_path: pathlib.Path) -> None:
    program = """
import os, pathlib
import lazynd
from lazynd import nd
os.mkdir("other")
os.chdir("other")
(nd.ones((3,)) * 2 + 1).asnumpy()
os.chdir("..")
lazynd.config.cache = pathlib.Path("assigned")
(nd.ones((4,)) * 2 + 1).asnumpy()
os.chdir("other")
(nd.ones((5,)) * 2 + 1).asnumpy()
"""
    environment = {**os.environ, "LAZYND_CACHE": "here"}
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=tmp_path, check=True, timeout=120)
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.entry")} == {"here", "assigned"}


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({}, "/home/someone/.cache/lazynd"),
        ({"XDG_CACHE_HOME": "/scratch"}, "/scratch/lazynd"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/someone/.cache/lazynd"),
        ({"HOME": "~"}, None),  # what is expanded where there is no home
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="paths of others")
def test_the_default_folder_of_programs(
    variables: dict[str, str], folder: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {"HOME": "/home/someone", **variables})
    assert lazynd.config.__class__().cache == (folder and pathlib.Path(folder))
