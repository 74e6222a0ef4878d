"""What importing and using lazynd leaves of the host program: everything, as it was."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lazynd

PACKAGE = Path(lazynd.__file__).parent

#: What a program can see of its own process.
LOOK = """
import json, sys
import logging
logging.getLogger("lazynd").setLevel("ERROR")  # what a program has said stays as it is
def look():
    import gc, locale, logging, os, random, signal, sys, threading, warnings
    import numpy as np
    root = logging.getLogger()
    return {
        "environment": dict(os.environ), "filters": repr(warnings.filters), "handlers": repr(root.handlers),
        "level": root.level, "lazynd level": logging.getLogger("lazynd").level,
        "lazynd handlers": repr(logging.getLogger("lazynd").handlers), "disabled": logging.root.manager.disable,
        "random": repr(random.getstate()), "numpy random": repr(np.random.get_state()),
        "errstate": np.geterr(), "printing": repr(np.get_printoptions()), "locale": locale.setlocale(locale.LC_ALL),
        "signals": {int(s): repr(signal.getsignal(s)) for s in signal.valid_signals()}, "folder": os.getcwd(),
        "recursion": sys.getrecursionlimit(), "switch": sys.getswitchinterval(), "path": list(sys.path),
        "hooks": [repr(sys.excepthook), repr(sys.displayhook), repr(threading.excepthook)], "meta": repr(sys.meta_path),
        "umask": [os.umask(0o22), os.umask(0o22)][1], "collector": [gc.isenabled(), gc.get_threshold()],
    }
"""

USE = """
import numpy as np
import lazynd
from lazynd import autograd, nd
for dtype in ("float64", "int64", "uint8"):
    x = nd.arange(6, dtype=dtype).reshape((2, 3))
    x += 1
    x[0] = 2
    str(x), (x * 2).asnumpy()
w = nd.random.normal(shape=(3, 2))
w.attach_grad()
with autograd.record():
    loss = (nd.dot(nd.ones((4, 3)), w).tanh() ** 2).sum()
loss.backward()
w.grad.asnumpy()
nd.ones((2,)) / 0
nd.waitall()
try:
    nd.dot(nd.ones((2, 3)), nd.ones((2, 3))).asnumpy()
except lazynd.MXNetError:
    pass
lazynd.num_gpus()
lazynd.report()
"""


def process(script: str, **environment: str) -> Any:
    given = {**os.environ, "LAZYND_CACHE": "off", **environment}
    given.pop("LAZYND_VERIFY", None)
    done = subprocess.run([sys.executable, "-c", script], env=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_importing_loads_nothing_dear_that_numpy_has_not_loaded() -> None:
    found = process(
        "import json, sys, numpy\nbefore = set(sys.modules)\nimport lazynd\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    assert not {"numpy.random", "importlib.abc", "tempfile", "asyncio"} & set(found)


def test_importing_loads_neither_jax_nor_networkx_and_changes_nothing() -> None:
    found = process(
        f"{LOOK}\nimport locale, random, signal\nbefore = look()\nimport lazynd\nafter = look()\n"
        "heavy = [m for m in ('jax', 'jaxlib', 'networkx', 'matplotlib', 'scipy', 'sklearn') if m in sys.modules]\n"
        "import threading\n"
        "print(json.dumps([before, after, heavy, threading.active_count()]))"
    )
    before, after, heavy, threads = found
    assert heavy == [] and threads == 1
    assert after == before


def test_recording_loads_no_jax() -> None:
    assert process("import json, sys\nfrom lazynd import nd\nx = nd.ones((2, 3)) * 2 + 1\ny = nd.dot(x, x.T)\n"
                   "print(json.dumps('jax' in sys.modules))") is False  # fmt: skip


def test_the_interpreter_loads_no_jax() -> None:
    script = "import json, sys\nfrom lazynd import nd\nassert (nd.ones((2, 3)) * 2).sum().asscalar() == 12\n"
    script += "print(json.dumps('jax' in sys.modules))"
    assert process(script, LAZYND_BACKEND="numpy") is False
    assert process(script, LAZYND_EAGER="1") is False


@pytest.mark.lazy
def test_a_whole_program_leaves_the_process_and_jax_as_they_were() -> None:
    before, after, jax_before, jax_after, probe = process(
        f"{LOOK}\nimport jax, jax.numpy as jnp\njnp.ones(3).sum()\n"
        "def settings(): return {k: repr(getattr(jax.config, k, None)) for k in jax.config.values}\n"
        f"a, ja = look(), settings()\n{USE}\nb, jb = look(), settings()\n"
        "import warnings; warnings.simplefilter('ignore')\n"
        "print(json.dumps([a, b, ja, jb, [str(jnp.arange(3).dtype), str(jnp.asarray(1.5).dtype)]]))"
    )
    assert jax_after == jax_before
    assert after == before
    assert probe == ["int32", "float32"], "64-bit types are still off for the host program"


@pytest.mark.lazy
def test_a_client_started_by_lazynd_leaves_what_jax_itself_leaves() -> None:
    ours = process(f"{LOOK}\n{USE}\nprint(json.dumps(look()))")
    alone = process(f"{LOOK}\nimport jax\njax.devices()\nprint(json.dumps(look()))")
    for key in ("filters", "hooks", "meta", "random", "numpy random"):  # addresses, and seeds of the process
        del ours[key], alone[key]
    assert ours == alone


@pytest.mark.lazy
def test_a_host_program_with_64_bits_on_keeps_them() -> None:
    script = (
        "import json, jax, jax.numpy as jnp\njax.config.update('jax_enable_x64', True)\n"
        f"{USE}\nprint(json.dumps([jax.config.jax_enable_x64, str(jnp.arange(3).dtype), str(x.asnumpy().dtype)]))"
    )
    assert process(script) == [True, "int64", "uint8"]


def imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Attribute):
            found.append(ast.unparse(node))
    return found


SOURCES = sorted(PACKAGE.rglob("*.py"))


def test_only_public_jax_is_used() -> None:
    assert len(SOURCES) > 50
    seen = 0
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert "jax._src" not in text and "jaxlib.xla" not in text and "xla_client" not in text, path
        for name in imports(path):
            parts = name.split(".")
            if parts[0] in ("jax", "jaxlib", "lax", "jnp"):
                seen += 1
                private = [p for p in parts if p.startswith("_") and not p.startswith("__")]
                assert not private, f"{path}: {name}"
                assert parts[0] != "jaxlib", f"{path}: {name} has no public interface"
                assert parts[:2] != ["jax", "core"] and parts[:2] != ["jax", "interpreters"], f"{path}: {name}"
    assert seen > 50, "the search looks at something"


def test_only_the_xla_backend_knows_jax() -> None:
    for path in SOURCES:
        if path.is_relative_to(PACKAGE / "backends" / "xla"):
            continue
        assert not [name for name in imports(path) if name.split(".")[0] == "jax"], path


#: In a section of microseconds no finalizer may run; while a process forks, jax's warning of it is hidden; the demo and
#: a worker of a DataLoader are programs of their own; the documented order of a sampler is that of a seed.
FOR_A_MOMENT = {
    ("sections.py", "gc.disable("), ("fork_warning.py", "warnings."), ("demo.py", "np.random.seed("),
    ("worker.py", "np.random.seed("), ("sampler.py", "np.random.seed("),
}  # fmt: skip


def test_no_source_changes_settings_of_the_process() -> None:
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert "config.update(" not in text, path
        for forbidden in (
            "np.seterr(", "warnings.", "locale.setlocale(", "np.set_printoptions(", "logging.basicConfig(",
            "np.random.seed(", "sys.setrecursionlimit(", "gc.disable(", "gc.collect(", "faulthandler.",
        ):  # fmt: skip
            if (path.name, forbidden) not in FOR_A_MOMENT:
                assert forbidden not in text, f"{path}: {forbidden}"
