"""``make data``, with stand-ins for apt-get and dpkg."""

from __future__ import annotations

import gzip
import os
import pathlib
import struct
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[1]
APT = """#!/bin/sh
echo "Get:1 somewhere $2"
{fails}
echo package > "$2_1_all.deb"
"""
DPKG = """#!/bin/sh
mkdir -p "$3/usr/share/datasets/fashion-mnist"
cp "{files}"/*.gz "$3/usr/share/datasets/fashion-mnist"
"""


def idx(values: Any) -> bytes:
    return gzip.compress(
        bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()
    )


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with programs on the path, ``bin``, what a package holds, ``files``, and nothing of Fashion-MNIST."""
    for name in ("bin", "files"):
        (tmp_path / name).mkdir()
    for part, count in (("train", 5), ("t10k", 2)):
        (tmp_path / "files" / f"{part}-images-idx3-ubyte.gz").write_bytes(idx(np.zeros((count, 28, 28), "uint8")))
        (tmp_path / "files" / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(np.zeros(count, "uint8")))
    return tmp_path


def stand_in(path: pathlib.Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def run(machine: pathlib.Path, path: str = "/usr/bin:/bin") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{machine}/bin:{path}", "MXNET_HOME": f"{machine}/home"}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "fetch_data.py")], env=environment, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


def test_the_package_becomes_files_where_the_data_set_looks(machine: pathlib.Path) -> None:
    stand_in(machine / "bin" / "apt-get", APT.format(fails=""))
    stand_in(machine / "bin" / "dpkg", DPKG.format(files=machine / "files"))
    done = run(machine)
    place = machine / "home" / "datasets" / "fashion-mnist"
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Fashion-MNIST, 5 pictures to learn from and 2 to test with, is in {place}.\n"
    assert sorted(p.name for p in place.iterdir()) == sorted(p.name for p in (machine / "files").iterdir())
    stand_in(machine / "bin" / "apt-get", APT.format(fails="exit 1"))
    assert run(machine).returncode == 0, "what is there is not fetched again"


def test_what_is_lacking_is_said(machine: pathlib.Path) -> None:
    done = run(machine, "/nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no apt-get here" in done.stderr and "the digits that come with scikit-learn" in done.stderr
    stand_in(machine / "bin" / "apt-get", APT.format(fails="echo 'E: no network'; exit 100"))
    done = run(machine)
    assert done.returncode == 1 and "apt-get download failed: E: no network." in done.stderr
    assert str(machine / "home" / "datasets" / "fashion-mnist") in done.stderr
    assert not (machine / "home").exists()
