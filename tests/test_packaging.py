"""What is said of the project outside of its code: metadata, the README's top, citation, the matrix."""

from __future__ import annotations

import configparser
import importlib.util
import pathlib
import re
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

import lazynd
from lazynd import coverage, reference

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture
def setup() -> configparser.ConfigParser:
    found = configparser.ConfigParser()
    found.read(ROOT / "setup.cfg", encoding="utf-8")
    return found


def test_the_command_is_what_the_module_is(setup: configparser.ConfigParser) -> None:
    name, _, target = setup["options.entry_points"]["console_scripts"].strip().partition(" = ")
    module, _, function = target.partition(":")
    assert name == "lazynd"
    script = f"import sys\nsys.argv[0] = '/usr/bin/{name}'\nfrom {module} import {function}\nsys.exit({function}())"
    run = subprocess.run([sys.executable, "-c", script, "--help"], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("usage: lazynd [-h]")
    run = subprocess.run([sys.executable, "-m", "lazynd", "--help"], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("usage: python -m lazynd [-h]")


def test_every_python_that_is_supported_is_named(setup: configparser.ConfigParser) -> None:
    classifiers = setup["metadata"]["classifiers"].split("\n")
    named = [c.rpartition(" ")[2] for c in classifiers if re.search(r":: 3\.\d+$", c)]
    oldest = setup["options"]["python_requires"].removeprefix(">=")
    assert named == [f"3.{n}" for n in range(int(oldest.partition(".")[2]), 15)]
    assert setup["metadata"]["author"] == "lazynd contributors" and setup["metadata"]["project_urls"].strip()


def test_the_citation_is_of_this_version(setup: configparser.ConfigParser) -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    said = dict(re.findall(r"^([\w-]+): (.+)$", text, re.MULTILINE))
    assert said["cff-version"] == "1.2.0" and said["version"] == setup["metadata"]["version"]
    assert said["license"] == setup["metadata"]["license"] and f"- name: {setup['metadata']['author']}" in text


def top() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8").split("```", 1)[0]


def test_the_readme_says_at_its_top_what_is_not_there_yet() -> None:
    there, _, missing = top().partition("**What is not there yet:**")
    names = re.findall(r"`(\w+)`", missing.split(". ")[0])
    assert len(names) >= 5
    for name in names:
        assert reference.has("", name) and not hasattr(lazynd, name), f"{name} is there now: the README says it is not"
    for name in re.findall(r"`(\w+)`", there):
        assert hasattr(lazynd, name)


def test_the_readme_says_at_its_top_what_is_there() -> None:
    text = " ".join(top().split())
    callers = "the book *Dive into Deep Learning*, MXNet's examples, gluon and MXNet's own tests call"
    assert f"`nd` with every operator that {callers}, but for those of 8-bit quantization" in text
    assert [part.absent for part in coverage.operators()[:3]] == [(), (), ()]


def matrix() -> ModuleType:
    spec = importlib.util.spec_from_file_location("matrix", ROOT / "tools" / "matrix.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        ({"python3.11", "python3.14"}, ["oldest: python3.11, /3.11; jax==", "newest: python3.14, /3.14; jax 0.99"]),
        ({"python3.11", "python3.12"}, ["oldest: ", "newest: python3.12 (python3.14 is not installed), /3.12"]),
        (set(), ["oldest: none of python3.11", "newest: none of python3.14, python3.13"]),
    ],
)
def test_the_matrix_lists_what_there_is(
    installed: set[str], expected: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tool: Any = matrix()
    monkeypatch.setattr(tool, "usable", lambda name: f"/{name[6:]}" if name in installed else None)
    monkeypatch.setattr(tool, "newest_jax", lambda python: " 0.99")
    assert tool.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and all(map(str.startswith, lines, expected)), lines


def test_the_pages_have_formulas_and_buttons() -> None:
    """Formulas are MathML by an extension of ours, in place of a script from elsewhere."""
    conf = (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
    assert '"dollarmath"' in conf and '"sphinx_copybutton"' in conf and 'html_math_renderer = "mathml"' in conf
    assert "$$" in (ROOT / "docs" / "autograd.md").read_text(encoding="utf-8")
    assert "sphinx-copybutton==" in (ROOT / "constraints.txt").read_text(encoding="utf-8")
