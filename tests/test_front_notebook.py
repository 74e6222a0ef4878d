"""The seed notebook, unedited, through ``lazynd.as_mxnet``: as a script's cells, and in a real Jupyter kernel."""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from .notebook import Cell, cells
from .transcript import DATA

NOTEBOOK = DATA / "seed_notebook.txt"
CELLS = cells(NOTEBOOK.read_text(encoding="utf-8"))
ROOT = pathlib.Path(__file__).parents[1]
#: Cells that show random numbers: how many digits, and how often a loop ran, depends on the draw.
RANDOM = {4, 58, 62, 64, 65}
RAISING = 43


def environment(folder: pathlib.Path) -> dict[str, str]:
    """The repository importable, settings and traces of Jupyter in ``folder``."""
    names = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR")
    home = {name: str(folder) for name in names}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **home, "PYTHONPATH": path, "LAZYND_CACHE": "off", "JUPYTER_PLATFORM_DIRS": "1"}


def spelled_alike(text: str) -> str:
    """NumPy 2's spelling of a bare scalar as NumPy 1's."""
    return re.sub(r"np\.float32\(([^()]*)\)", r"\1", text)


def pattern(text: str) -> str:
    """``text`` with a placeholder for every number with a point, and for the spaces that align it."""
    return re.sub(r"(?<![\w(]) *-?\d+\.\d*(?:e[+-]\d+)? *", "N", text)


def repeated(line: str) -> bool:
    return line.startswith("b.norm().asscalar()")


def check(shown: dict[int, str]) -> None:
    """What each cell showed, against what the notebook shows."""
    assert list(shown) == [cell.number for cell in CELLS]
    for cell in CELLS:
        found = spelled_alike(shown[cell.number])
        if cell.number == RAISING:
            check_guidance(cell, found)
        elif cell.number == 62:
            check_control_flow(cell, found)
        elif cell.number in RANDOM:
            assert pattern(found) == pattern(cell.shown), cell.code
        else:
            assert found == cell.shown, cell.code
    assert shown[64] == shown[65], "the gradient through Python's control flow is c / a"


def check_guidance(cell: Cell, found: str) -> None:
    guidance = cell.shown.splitlines()[0].partition("Check failed: ")[2]
    assert "You need to set is_recording to true" in guidance
    assert found.startswith("MXNetError: ") and guidance in found


def check_control_flow(cell: Cell, found: str) -> None:
    """The same lines, but for how often the loop runs and which branch is taken."""
    lines, expected = found.splitlines(), cell.shown.splitlines()
    norms = [float(line.rpartition(" ")[2]) for line in lines if repeated(line)]
    assert norms and norms[-1] < 1000
    assert all(after == pytest.approx(2 * before, rel=1e-6) for before, after in itertools.pairwise(norms))
    tail, wanted = [[line for line in each if not repeated(line)] for each in (lines, expected)]
    assert re.fullmatch(r"b\.sum\(\)\.asscalar\(\) (> 0|<= 0):  \S+", tail[0])
    assert [pattern(line) for line in tail[1:]] == [pattern(line) for line in wanted[1:]]


def test_the_notebook_is_read_whole() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(CELLS) == len(re.findall(r"^In \[", text, re.MULTILINE)) == 35
    assert sum(bool(cell.shown) for cell in CELLS) == 26
    assert CELLS[0].code == "from mxnet import nd"


def test_the_comparison_can_fail() -> None:
    shown = {cell.number: cell.shown for cell in CELLS}
    check(shown)
    for number, old, new in (
        (5, "11.", "12."),
        (58, "NDArray 1", "NDArray 2"),
        (43, "retain_graph", "keep"),
        (62, "9.140291", "9.2"),
        (64, "20", "21"),
    ):
        with pytest.raises(AssertionError):
            check({**shown, number: shown[number].replace(old, new)})


def test_cells_show_what_the_notebook_shows(tmp_path: pathlib.Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "lazynd.as_mxnet", "tests/notebook.py", str(NOTEBOOK)],
        cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    check(dict(zip([cell.number for cell in CELLS], json.loads(run.stdout), strict=True)))


@pytest.fixture
def kernel(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The client of a Jupyter kernel of this interpreter."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def execute_in(client: Any, code: str) -> str:
    parts: list[str] = []

    def collect(message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        if kind == "stream" and content["name"] == "stdout":
            parts.append(content["text"])
        elif kind == "execute_result":
            parts.append(content["data"]["text/plain"])
        elif kind == "error":
            parts.append(f"{content['ename']}: {content['evalue']}")

    client.execute_interactive(code, timeout=300, output_hook=collect)
    return "".join(parts).rstrip("\n")


def test_a_jupyter_kernel_shows_what_the_notebook_shows(kernel: Any) -> None:
    assert execute_in(kernel, "import lazynd\nlazynd.as_mxnet()") == ""
    check({cell.number: execute_in(kernel, cell.code) for cell in CELLS})
