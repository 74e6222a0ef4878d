"""``make data``: Fashion-MNIST out of Debian's package, without root, into the folder where ``FashionMNIST()`` looks.

The files are Zalando's, under the MIT licence (Debian calls it Expat); nothing is installed.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from lazynd.base import data_dir
from lazynd.gluon.data.vision import FashionMNIST

PACKAGE = "dataset-fashion-mnist"
WHERE = pathlib.Path("usr/share/datasets/fashion-mnist")
OTHERWISE = """Fashion-MNIST is not there: {why}.
Put its four files (train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and
t10k-labels-idx1-ubyte.gz, from https://github.com/zalandoresearch/fashion-mnist) into {place}.
Without them the demo and the examples use the digits that come with scikit-learn."""


class Missing(Exception):
    """Why the files cannot be had."""


def run(command: list[str], folder: pathlib.Path) -> None:
    """Run a command quietly; ``Missing`` with its last line if it fails."""
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except FileNotFoundError:
        raise Missing(f"there is no {command[0]} here") from None
    if done.returncode:
        lines = done.stdout.strip().splitlines() or [f"exit code {done.returncode}"]
        raise Missing(f"{' '.join(command[:2])} failed: {lines[-1].strip()}")


def fetch(place: pathlib.Path) -> None:
    """Put the files into the folder ``place``."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run(["apt-get", "download", PACKAGE], folder)
        packages = sorted(folder.glob(f"{PACKAGE}_*.deb"))
        if not packages:
            raise Missing("apt-get download left no package")
        run(["dpkg", "-x", packages[0].name, "content"], folder)
        files = sorted((folder / "content" / WHERE).glob("*.gz"))
        if len(files) != 4:
            raise Missing(f"the package has {len(files)} files in {WHERE}, not 4")
        place.mkdir(parents=True, exist_ok=True)
        for file in files:  # under another name first: what is in place is whole
            temporary = place / f".{file.name}.part"
            shutil.move(file, temporary)
            temporary.replace(place / file.name)


def main() -> int:
    place = pathlib.Path(data_dir()) / "datasets" / "fashion-mnist"
    there = place.is_dir() and len(list(place.glob("*-ubyte.gz"))) == 4
    try:
        if not there:
            fetch(place)
    except (Missing, OSError) as error:
        print(OTHERWISE.format(why=error, place=place), file=sys.stderr)
        return 1
    counts = [len(FashionMNIST(place, train)) for train in (True, False)]
    print(f"Fashion-MNIST, {counts[0]:,} pictures to learn from and {counts[1]:,} to test with, is in {place}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
