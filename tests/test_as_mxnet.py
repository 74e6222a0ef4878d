"""``import mxnet`` answered by lazynd: opt-in, whole, refused beside the real one; scripts run as Python runs them."""

from __future__ import annotations

import os
import pathlib
import pkgutil
import subprocess
import sys

import pytest

import lazynd

ROOT = pathlib.Path(__file__).parents[1]


def python(*arguments: str, cwd: pathlib.Path = ROOT) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "LAZYND_CACHE": "off"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120
    )


def program(text: str) -> str:
    """What a program prints after ``lazynd.as_mxnet()``."""
    run = python("-W", "error", "-c", f"import lazynd\nlazynd.as_mxnet()\n{text}")
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_imports_give_lazynd_itself() -> None:
    text = """
import mxnet, mxnet as mx, mxnet.ndarray, mxnet.numpy as mnp
from mxnet import nd, autograd
from mxnet.base import MXNetError
from mxnet.ndarray import NDArray, random
import mxnet.random, mxnet.context
assert mxnet is mx is lazynd and nd is lazynd.nd is mx.ndarray and autograd is lazynd.autograd
assert MXNetError is lazynd.MXNetError is mx.base.MXNetError and NDArray is lazynd.NDArray
assert mnp is lazynd.np and mxnet.random is random is lazynd.nd.random and mx.context.cpu is lazynd.cpu
print(nd.ones((2,)).asnumpy(), lazynd.__name__, lazynd.__spec__.name, nd.__name__, nd.__spec__.name)
"""
    assert program(text) == "[1. 1.] lazynd lazynd lazynd.nd lazynd.nd\n"


def test_programs_that_ask_for_the_version_are_told_that_of_the_interface() -> None:
    own = python("-c", "import lazynd; print(lazynd.__version__)").stdout
    assert program("import mxnet as mx; print(mx.__version__, mx.__version__ >= '1.5')") == "1.9.1 True\n"
    assert python("-m", "lazynd", "--version").stdout == f"lazynd {own}" and not own.startswith("1.9")


def test_every_submodule_is_found() -> None:
    names = [m.name for m in pkgutil.walk_packages(lazynd.__path__, "lazynd.") if not m.name.endswith("__main__")]
    assert len(names) > 50
    text = f"""
import importlib
for name in {names!r}:
    real = importlib.import_module(name)
    assert importlib.import_module("mxnet" + name[6:]) is real, name
    assert real.__name__ == name and real.__spec__.name == name, real.__spec__
lazynd.as_mxnet()  # also now that the module of this name is imported
print("all")
"""
    assert program(text) == "all\n"


def test_what_lazynd_lacks_is_missing() -> None:
    text = """
try:
    import mxnet.no_such_thing
except ModuleNotFoundError as error:
    print(error)
"""
    assert program(text) == "No module named 'mxnet.no_such_thing'\n"


SMALL_NAMES = """
from mxnet import AttrScope, attribute, name, runtime
from mxnet.attribute import AttrScope
from mxnet.autograd import NDArray
from mxnet.base import _as_list, c_str, data_dir, mx_real_t, py_str
from mxnet.context import Context
from mxnet.name import NameManager, Prefix
from mxnet.operator import get_operator_arguments
from mxnet.runtime import Feature, Features, feature_list
from mxnet.util import getenv, setenv
print(name.NameManager().get(None, "fc"), _as_list(1), runtime.Features().is_enabled("TVM_OP"))
"""


def test_small_names_are_imported_from_where_mxnet_has_them() -> None:
    assert program(SMALL_NAMES) == "fc0 [1] False\n"


def test_arrays_of_one_element_count_as_numbers() -> None:
    text = """
import copy, math, pickle
import numpy as np
from mxnet import nd
one = nd.array([2.5]).mean().asnumpy()
assert one.shape == (1,) and isinstance(one, np.ndarray)
print("%.1f %d" % (one, one), float(one * 2), int(nd.array([[3]]).asnumpy()), complex(one), math.sqrt(one + 1.5))
print(repr(one), one, one[0], one.sum(), type(one[0]) is np.float32)
made = [one + np.ones(2), one + 1, nd.ones(2).asnumpy(), pickle.loads(pickle.dumps(one)), nd.ones(1).asnumpy()[:0] * 2]
print([type(each) is np.ndarray for each in made])
"""
    printed = (
        "2.5 2 5.0 3 (2.5+0j) 2.0\narray([2.5], dtype=float32) [2.5] 2.5 2.5 True\n[True, False, True, True, True]\n"
    )
    assert program(text) == printed
    own = "import lazynd, numpy; assert type(lazynd.nd.ones(1).asnumpy()) is numpy.ndarray"
    assert python("-c", own).returncode == 0


def test_it_is_opt_in() -> None:
    run = python("-c", "import lazynd, sys; print('mxnet' in sys.modules); import mxnet", cwd=ROOT / "tests")
    assert run.stdout == "False\n"
    assert run.returncode == 1 and "No module named 'mxnet'" in run.stderr


def test_a_second_call_changes_nothing() -> None:
    text = "import sys; n = len(sys.meta_path); lazynd.as_mxnet(); print(len(sys.meta_path) - n)"
    assert program(text) == "0\n"


def test_it_is_refused_beside_real_mxnet() -> None:
    text = """
import sys, types
real = types.ModuleType("mxnet"); real.__file__ = "/real/mxnet/__init__.py"
sys.modules["mxnet"] = real
import lazynd
finders = list(sys.meta_path)
try:
    lazynd.as_mxnet()
except RuntimeError as error:
    print(error)
assert sys.modules["mxnet"] is real and sys.meta_path == finders
"""
    run = python("-c", text)
    assert run.returncode == 0, run.stderr
    assert "real mxnet is loaded in this process already, from /real/mxnet/__init__.py" in run.stdout


@pytest.fixture
def script(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "beside.py").write_text("VALUE = 42\n")
    return tmp_path / "train.py"


def run_script(script: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "lazynd.as_mxnet", str(script), *arguments, cwd=script.parent.parent)


def test_a_script_runs_as_python_runs_it(script: pathlib.Path) -> None:
    script.write_text(
        "import pickle, sys\nimport beside\nfrom mxnet import nd\n"
        "class Mine: pass\n"
        "if __name__ == '__main__':\n"
        "    assert type(pickle.loads(pickle.dumps(Mine()))) is Mine and sys.modules['__main__'].Mine is Mine\n"
        "    two = nd.ones((2,)).sum().asscalar()\n"
        "    print(sys.argv[1:], sys.argv[0] == __file__, sys.path[0], beside.VALUE, two == 2)\n",
        encoding="utf-8",
    )
    run = run_script(script, "--rate", "0.1", "-x")
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"['--rate', '0.1', '-x'] True {script.parent} 42 True\n"
    assert run.stderr == ""


@pytest.mark.parametrize("link", ["bin/train", "folder/train.py"])
def test_a_link_to_a_script_finds_what_is_beside_the_script(script: pathlib.Path, link: str) -> None:
    place = script.parent / "code"
    place.mkdir()
    (place / "train.py").write_text("import sys, beside\nprint(sys.path[0], __file__, sys.argv, beside.VALUE)\n")
    (script.parent / "beside.py").rename(place / "beside.py")
    (script.parent / "bin").mkdir()
    (script.parent / "bin" / "train").symlink_to("../code/train.py")
    (script.parent / "folder").symlink_to("code")
    run = python("-m", "lazynd.as_mxnet", link, "-x", cwd=script.parent)
    assert run.stdout == python(link, "-x", cwd=script.parent).stdout != "", run.stderr


def test_a_safe_path_stays_safe(script: pathlib.Path) -> None:
    script.write_text("import sys\nprint(sys.path[0])\nimport beside\n", encoding="utf-8")
    run = python("-P", "-m", "lazynd.as_mxnet", str(script))
    assert run.stdout == f"{ROOT}\n" and "No module named 'beside'" in run.stderr


@pytest.mark.parametrize(
    ("ending", "code"), [("", 0), ("sys.exit()", 0), ("sys.exit(7)", 7), ("raise SystemExit('bye')", 1)]
)
def test_the_exit_code_is_the_scripts(script: pathlib.Path, ending: str, code: int) -> None:
    script.write_text(f"import sys, mxnet\n{ending}\n", encoding="utf-8")
    run = run_script(script)
    assert run.returncode == code
    assert run.stderr == ("bye\n" if "bye" in ending else "")


def test_a_traceback_ends_at_the_users_line(script: pathlib.Path) -> None:
    lines = "from mxnet import nd\n\ndef f(x):\n    return nd.dot(x, x)\n\nf(nd.ones((2, 3)))\n"
    script.write_text(lines, encoding="utf-8")
    run = run_script(script)
    assert run.returncode == 1
    lines = run.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == f'  File "{script}", line 6, in <module>'
    assert f'  File "{script}", line 4, in f' in lines
    assert "MXNetError: [dot]" in run.stderr and f"at {script}:4: return nd.dot(x, x)" in run.stderr
    assert "runpy" not in run.stderr


def test_a_syntax_error_is_the_scripts(script: pathlib.Path) -> None:
    script.write_text("x = (\n", encoding="utf-8")
    run = run_script(script)
    assert run.returncode == 1 and f'File "{script}", line 1' in run.stderr and "SyntaxError" in run.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"], ["no_such_script.py"]])
def test_wrong_use_says_how(arguments: list[str]) -> None:
    run = python("-m", "lazynd.as_mxnet", *arguments)
    assert run.returncode == 1 and "usage: python -m lazynd.as_mxnet SCRIPT" in run.stderr
    assert "Traceback" not in run.stderr


POOL = """
import multiprocessing

import mxnet as mx
from mxnet import nd


def double(x):
    return float((nd.array([x]) * 2).asscalar()), mx.__name__


if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(double, [1, 2]))
"""


def test_spawned_processes_find_mxnet_too(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "pool.py"
    path.write_text(POOL)
    run = python("-m", "lazynd.as_mxnet", str(path))
    assert run.stdout == "[(2.0, 'lazynd'), (4.0, 'lazynd')]\n", run.stderr


def test_a_script_finds_itself_from_anywhere(tmp_path: pathlib.Path) -> None:
    text = "import os, sys\nos.chdir('/')\nprint(os.path.exists(__file__), sys.argv)\n"
    (tmp_path / "script.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "lazynd.as_mxnet", "script.py", "1"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "True ['script.py', '1']\n"
