"""tools/bootstrap.py: .venv from any state. Interpreters and pip are stand-ins, but for one slow test of real ones."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "tools" / "bootstrap.py"

#: What an installation depends on.
SOURCES = (
    "setup.cfg",
    "setup.py",
    "pyproject.toml",
    "constraints.txt",
    *(f"csrc/{p.name}" for p in (ROOT / "csrc").iterdir()),
)

#: An interpreter: answers the version, makes environments by copying itself, notes what pip is to do.
STAND_IN = """#!/bin/sh
version=$(cat "$0.version")
case "$*" in
  *sys.base_prefix*) cat "$0.base" ;;
  *sys.version_info*) echo "$version" ;;
  *"import ensurepip, venv"*) exit $(cat "$0.lacks_venv") ;;
  *"-m venv"*)
    mkdir -p "$3/bin"; cp "$0" "$3/bin/python"
    for part in version lacks_venv log pip base; do cp "$0.$part" "$3/bin/python.$part"; done
    echo venv >> "$(cat "$0.log")" ;;
  *"-m pip"*)
    echo "pip $*" >> "$(cat "$0.log")"
    echo "WARNING: Location 'file:///nowhere' is ignored"
    echo "what pip says"
    exit $(cat "$0.pip") ;;
esac
"""


class Checkout:
    """A checkout with a space in its path, and one interpreter."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.root = folder / "a check out"
        (self.root / "tools").mkdir(parents=True)
        shutil.copy(SCRIPT, self.root / "tools" / "bootstrap.py")
        (self.root / "csrc").mkdir()
        for name in SOURCES:
            (self.root / name).write_text(name, encoding="utf-8")
        self.python = folder / "an interpreter" / "python3"
        self.python.parent.mkdir()
        self.python.write_text(STAND_IN, encoding="utf-8")
        self.python.chmod(0o755)
        self.log = folder / "log"
        self.log.touch()
        self.state(version="3 12", lacks_venv="0", pip="0", log=str(self.log), base=str(self.python))

    def state(self, **parts: str) -> None:
        for part, text in parts.items():
            self.python.with_name(f"python3.{part}").write_text(text, encoding="utf-8")

    @property
    def venv(self) -> pathlib.Path:
        return self.root / ".venv"

    def run(self, extras: str = "examples", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, self.root / "tools" / "bootstrap.py", extras],
            env={**os.environ, "PYTHON": str(self.python), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def done(self) -> list[str]:
        """What was done since the last question: "venv", or the words of pip."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        self.log.write_text("", encoding="utf-8")
        return lines


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> Checkout:
    return Checkout(tmp_path)


def test_from_nothing(checkout: Checkout) -> None:
    result = checkout.run(CI="true")
    assert result.returncode == 0, result.stderr
    made, tools, project = checkout.done()
    assert made == "venv"
    assert tools.endswith("setuptools wheel")
    assert project.endswith("--no-build-isolation --editable .[examples]")
    assert "--constraint constraints.txt" in tools and "--constraint constraints.txt" in project
    assert result.stderr.count("\n") == 1 and "what pip says" not in result.stderr + result.stdout


def test_a_second_run_does_nothing_and_says_nothing(checkout: Checkout) -> None:
    checkout.run()
    checkout.done()
    result = checkout.run()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert checkout.done() == []


def test_more_extras_are_added_to_what_is_there(checkout: Checkout) -> None:
    checkout.run("test")
    checkout.done()
    checkout.run("docs")
    (_, project) = checkout.done()
    assert project.endswith(".[docs,test]")
    checkout.run("test")
    checkout.run("test,docs")
    assert checkout.done() == []


@pytest.mark.parametrize("name", ["setup.cfg", "pyproject.toml", "constraints.txt"])
def test_a_stale_environment_is_made_anew(checkout: Checkout, name: str) -> None:
    checkout.run("test,docs")
    checkout.done()
    leftover = checkout.venv / "leftover"
    leftover.touch()
    (checkout.root / name).write_text("changed", encoding="utf-8")
    checkout.run("test")
    made, _, project = checkout.done()
    assert made == "venv" and project.endswith(".[test]")
    assert not leftover.exists()


def test_an_activated_environment_that_is_stale_is_made_anew_from_what_it_was_made_from(checkout: Checkout) -> None:
    checkout.run()
    checkout.done()
    (checkout.root / "setup.cfg").write_text("changed", encoding="utf-8")
    result = checkout.run(PYTHON=str(checkout.venv / "bin" / "python"))
    assert result.returncode == 0, result.stderr
    assert checkout.done()[0] == "venv"


def test_another_python_makes_it_anew(checkout: Checkout) -> None:
    checkout.run()
    checkout.done()
    checkout.state(version="3 13")
    checkout.run()
    assert checkout.done()[0] == "venv"


def test_a_moved_checkout_makes_it_anew(checkout: Checkout) -> None:
    checkout.run()
    checkout.done()
    checkout.root = checkout.root.rename(checkout.root.with_name("moved"))
    checkout.run()
    assert checkout.done()[0] == "venv"


def foreign(checkout: Checkout) -> None:
    (checkout.venv / "bin").mkdir(parents=True)
    shutil.copy(checkout.python, checkout.venv / "bin" / "python")


def broken_link(checkout: Checkout) -> None:
    checkout.run()
    python = checkout.venv / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")


def bad_stamp(checkout: Checkout) -> None:
    checkout.run()
    (checkout.venv / "lazynd-stamp.json").write_text("{", encoding="utf-8")


def odd_stamp(checkout: Checkout) -> None:
    checkout.run()
    (checkout.venv / "lazynd-stamp.json").write_text("[1]", encoding="utf-8")


def file_instead(checkout: Checkout) -> None:
    checkout.venv.write_text("a file", encoding="utf-8")


def link_instead(checkout: Checkout) -> None:
    elsewhere = checkout.root.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    checkout.venv.symlink_to(elsewhere, target_is_directory=True)


@pytest.mark.parametrize("spoil", [foreign, broken_link, bad_stamp, odd_stamp, file_instead, link_instead])
def test_from_any_state(checkout: Checkout, spoil: Any) -> None:
    spoil(checkout)
    checkout.done()
    result = checkout.run()
    assert result.returncode == 0, result.stderr
    assert checkout.done()[0] == "venv"
    stamp = json.loads((checkout.venv / "lazynd-stamp.json").read_text(encoding="utf-8"))
    assert stamp["extras"] == ["examples"]
    if spoil is link_instead:
        assert (checkout.root.parent / "elsewhere" / "precious").exists(), "a link is removed, not what it points to"


def test_pip_is_heard_when_it_fails_and_the_next_run_starts_afresh(checkout: Checkout) -> None:
    checkout.state(pip="1")
    result = checkout.run()
    assert result.returncode == 1
    assert "what pip says" in result.stderr and "WARNING: Location" not in result.stderr
    assert "run make again" in result.stderr and "Traceback" not in result.stderr
    checkout.done()
    checkout.state(pip="0")
    assert checkout.run().returncode == 0
    assert checkout.done()[0] == "venv"


def one_sentence(result: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in result.stderr.splitlines() if not line.startswith("setting up")]
    assert result.returncode == 1 and len(lines) == 1, result.stderr
    return lines[0]


def test_an_old_python_gets_one_sentence(checkout: Checkout) -> None:
    checkout.state(version="3 10")
    assert "Python 3.11 or newer" in one_sentence(checkout.run())
    assert checkout.done() == []


def test_a_missing_venv_module_gets_one_sentence(checkout: Checkout) -> None:
    checkout.state(lacks_venv="1")
    assert "python3-venv" in one_sentence(checkout.run())
    assert not checkout.venv.exists()


def test_settings_of_pip_and_python_do_not_lead_astray(checkout: Checkout) -> None:
    script = checkout.python.read_text(encoding="utf-8").replace("what pip says", "[$PIP_TARGET$PYTHONHOME]")
    checkout.python.write_text(script, encoding="utf-8")
    checkout.state(pip="1")
    assert "[]" in checkout.run(PIP_TARGET="/elsewhere").stderr


def load() -> Any:
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_first_python_that_is_new_enough_is_taken() -> None:
    versions = {"python3": (3, 9), "python3.12": (3, 12), "python3.11": (3, 11)}
    assert load().choose(("python3", "python3.13", "python3.12", "python3.11"), versions.get) == "python3.12"
    assert load().choose(("python3",), versions.get) is None


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.lower().replace("_", "-").split("==") for line in lines if line and not line.startswith("#"))


def test_everything_required_is_pinned_and_has_its_reason() -> None:
    import configparser
    import re

    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    required = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    for line in "\n".join(required).split():
        name = re.match(r"[\w-]+", line)
        assert name is not None and name[0].lower().replace("_", "-") in pins(), line
        assert name[0] in reasons, line


def test_one_version() -> None:
    import configparser

    # In a process of its own: beside other tests, lazynd may stand for mxnet and say its version.
    command = [sys.executable, "-c", "import lazynd; print(lazynd.__version__)"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config["metadata"]["version"] == shown
    assert '__version__ = "' not in (ROOT / "lazynd" / "__init__.py").read_text(encoding="utf-8")


def test_the_version_of_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    import lazynd

    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    monkeypatch.delitem(vars(lazynd), "__version__", raising=False)
    assert lazynd.__version__ == "0+unknown"
    del lazynd.__version__


@pytest.mark.parametrize("target", ["demo", "test"])
def test_make_without_any_python_says_what_to_install(tmp_path: pathlib.Path, target: str) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("make", "sh"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    result = subprocess.run(
        ["make", "-f", ROOT / "Makefile", target],
        cwd=tmp_path, env={"PATH": str(tools)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.splitlines()[0].startswith("lazynd needs Python 3.11 or newer: install it")


@pytest.mark.slow
def test_the_real_thing(tmp_path: pathlib.Path) -> None:
    """A clone in a folder with spaces sets itself up, and again without the network."""
    clone = tmp_path / "a clone with spaces"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    environment = {**os.environ, "CI": "true"}
    for name in ("PYTHONPATH", "PYTHON", "MAKEFLAGS", "MAKELEVEL"):
        environment.pop(name, None)
    command = [sys.executable, "tools/bootstrap.py", "examples"]
    subprocess.run(command, cwd=clone, env=environment, stdin=subprocess.DEVNULL, check=True)
    unreachable = {**environment, "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_CACHE_DIR": "1"}
    subprocess.run(["make", "demo"], cwd=clone, env=unreachable, stdin=subprocess.DEVNULL, check=True)
    assert (clone / "demo-out" / "step.dot").exists()
