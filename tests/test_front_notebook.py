"""The seed notebook, unedited, through ``lazynd.as_mxnet``: as a script's cells, and in a real Jupyter kernel."""

from __future__ import annotations

import ast
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

import lazynd

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
    return {**os.environ, **home, "LAZYND_CACHE": "off", "PYTHONPATH": path, "JUPYTER_PLATFORM_DIRS": "1"}


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
    assert run.returncode == 0 and run.stderr == "", run.stderr
    check(dict(zip([cell.number for cell in CELLS], json.loads(run.stdout), strict=True)))


@pytest.fixture
def process_errors(tmp_path: pathlib.Path) -> pathlib.Path:
    """Where the process of the kernel writes its stderr."""
    return tmp_path / "stderr.txt"


@pytest.fixture
def kernel(tmp_path: pathlib.Path, process_errors: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The client of a Jupyter kernel of this interpreter."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    with process_errors.open("wb") as errors:
        manager.start_kernel(cwd=str(tmp_path), stderr=errors)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


#: What a cell gives to a notebook: the kind of each piece (its stream, where it has one) and its text.
Output = tuple[str, str]


def execute_in(client: Any, code: str) -> list[Output]:
    found: list[Output] = []

    def collect(message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            found.append((content["name"], content["text"]))
        elif kind in ("execute_result", "display_data"):
            found.append((kind, content["data"]["text/plain"]))
        elif kind == "error":
            found.append((kind, re.sub(r"\x1b\[[\d;]*m", "", "\n".join(content["traceback"]))))

    client.execute_interactive(code, timeout=300, output_hook=collect)
    return found


def kinds(cell: Cell) -> set[str]:
    """What a notebook gives for ``cell``: a value, printed text, an error or nothing; nothing else, and no stderr."""
    if cell.number == RAISING:
        return {"error"}
    if not cell.shown:
        return set()
    return {"stdout"} if "print(" in cell.code or cell.number == 62 else {"execute_result"}


def shown(outputs: list[Output]) -> str:
    """Outputs as the page of the notebook has them: of an error its last lines."""
    return "".join(text[text.index("MXNetError: ") :] if kind == "error" else text for kind, text in outputs).rstrip()


def test_a_jupyter_kernel_shows_what_the_notebook_shows(kernel: Any, process_errors: pathlib.Path) -> None:
    """R: the seed notebook, every output of every cell and both kinds of stderr: that of a cell, and the process's."""
    assert execute_in(kernel, "import lazynd\nlazynd.as_mxnet()") == []
    found = {cell.number: execute_in(kernel, cell.code) for cell in CELLS}
    for cell in CELLS:
        assert {kind for kind, _ in found[cell.number]} == kinds(cell), (cell.number, found[cell.number])
    check({number: shown(outputs) for number, outputs in found.items()})
    assert said(process_errors) == []


def said(errors: pathlib.Path) -> list[str]:
    """The lines of the stderr of a kernel's process, but for what Jupyter says of itself."""
    lines = errors.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("[IPKernelApp]")]


@pytest.mark.lazy  # it counts what displays force
def test_what_is_displayed_is_no_storm_and_names_the_cell(kernel: Any, process_errors: pathlib.Path) -> None:
    setup = (
        "import logging, lazynd\nfrom lazynd import nd\nsites = []\n"
        "class Keep(logging.Handler):\n"
        "    def emit(self, record):\n"
        "        if record.event == 'force':\n"
        "            sites.append(record.site)\n"
        "logger = logging.getLogger('lazynd')\nlogger.addHandler(Keep())\nlogger.setLevel(logging.INFO)"
    )
    assert execute_in(kernel, setup) == []
    bare = [f"# cell {n}\n\nnd.arange({n}) * {n} + nd.ones({n})" for n in range(2, 9)]
    for code in bare:
        assert [kind for kind, _ in execute_in(kernel, code)] == ["execute_result"]
    listed = execute_in(kernel, "for n in range(9, 16):\n    display(nd.arange(n).sin())\n[nd.ones(16) + 1]")
    assert [kind for kind, _ in listed] == ["display_data"] * 7 + ["execute_result"]
    ((_, answer),) = execute_in(kernel, "import json\njson.dumps(sites)")
    cells = [f"Cell In[{n}], line 3" for n in range(2, 9)]
    assert json.loads(answer[1:-1]) == [*cells, *["Cell In[9], line 2"] * 7, "Cell In[9], line 3"]
    assert said(process_errors) == []


@pytest.mark.lazy  # it counts forces
def test_forces_are_told_with_their_cells(kernel: Any, process_errors: pathlib.Path) -> None:
    """R1: three kinds of force in three cells; the report is a table, and the display machinery is in none of it."""
    assert execute_in(kernel, "import lazynd\nfrom lazynd import nd\nx = nd.array([1.0, 2.0])") == []
    assert execute_in(kernel, "y = (x + 1).asnumpy()") == []
    assert [kind for kind, _ in execute_in(kernel, "x * 2")] == ["execute_result"]
    assert execute_in(kernel, "# a comment\nif x.sum() > 2:\n    z = x") == []
    asked = "[[f.cause, f.place, f.operators] for f in lazynd.report().forces]"
    ((_, told),) = execute_in(kernel, asked)
    cells = [
        ("asnumpy", "Cell In[2], line 1", 1),
        ("print", "Cell In[3], line 1", 1),
        ("bool", "Cell In[4], line 2", 2),
    ]
    assert ast.literal_eval(told) == [list(each) for each in cells]
    ((_, text),) = execute_in(kernel, "y = x + 1\nlazynd.viz.text(y), lazynd.viz.text(lazynd.viz.view(y))")
    assert text.count("# Cell In[6]:1") == 2
    assert execute_in(kernel, "from IPython.display import display\nreport = lazynd.report()") == []
    ((kind, text),) = execute_in(kernel, "report")
    assert kind == "execute_result" and all(place in text for _, place, _ in cells) and "ipykernel" not in text
    ((_, html),) = execute_in(kernel, "report._repr_html_().count('<tr>')")
    assert html == "4"
    assert said(process_errors) == []


def test_what_cells_define_is_used_by_workers(kernel: Any, process_errors: pathlib.Path) -> None:
    """A dataset, a lambda and a global of a notebook in the processes of a ``DataLoader``, after a program has run."""
    assert (
        execute_in(kernel, "import sys\nfrom lazynd import gluon, nd\nfactor = 3\n(nd.ones(3) + 1).wait_to_read()")
        == []
    )
    defined = (
        "class Numbers(gluon.data.Dataset):\n"
        "    def __len__(self):\n        return 4\n"
        "    def __getitem__(self, i):\n        return float(i), 'jax' in sys.modules"
    )
    assert execute_in(kernel, defined) == []
    code = (
        "data = Numbers().transform_first(lambda x: x * factor)\n"
        "[[p.asnumpy().tolist() for p in batch] for batch in gluon.data.DataLoader(data, 2, num_workers=2)]"
    )
    expected = [[[0.0, 3.0], [False, False]], [[6.0, 9.0], [False, False]]]
    assert execute_in(kernel, code) == [("execute_result", repr(expected))]
    assert said(process_errors) == []


#: Cells that fail, and the line of the cell that the traceback is to show.
FAILING = [
    ("nd.dot(x, x)", "nd.dot(x, x)"),
    ("x + nd.ones(4)", "x + nd.ones(4)"),
    ("x.sum(axis=5)", "x.sum(axis=5)"),
    ("x[7]", "x[7]"),
    ("x[nd.array([0, 7])].asnumpy()", "x[nd.array([0, 7])].asnumpy()"),
    pytest.param("with lazynd.no_sync():\n    print(x * 3)", "print(x * 3)", marks=pytest.mark.lazy),
    ("def helper(a):\n    return nd.concat(a, nd.ones(3), dim=0)\nhelper(x)", "helper(x)"),
]


@pytest.mark.parametrize(("code", "line"), FAILING)
def test_an_error_shows_the_users_frames_first(code: str, line: str, kernel: Any) -> None:
    execute_in(kernel, "import lazynd\nfrom lazynd import nd\nx = nd.ones((2, 3))")
    ((kind, text),) = execute_in(kernel, code)
    assert kind == "error" and "another exception" not in text and "direct cause" not in text
    frames = re.findall(r"^(?:File|Cell) (\S+)", text, re.MULTILINE)
    assert frames[0].startswith("In["), text
    package = str(pathlib.Path(lazynd.__file__).parent)
    assert [frame.startswith(package) for frame in frames].count(True) <= 1, text
    assert re.search(rf"^-+> \d+ +{re.escape(line)}", text, re.MULTILINE), text


def test_a_misspelt_name_suggests_in_a_notebook(kernel: Any) -> None:
    ((kind, text),) = execute_in(kernel, "import lazynd\nlazynd.nd.softmx")
    assert kind == "error" and "did you mean 'softmax'?" in text
