"""Installs the wheel in dist/ into a throw-away environment and uses it there, outside the checkout.

The demo runs, and so does a typed sample; the stubs agree with the modules (``mypy.stubtest``), the sample passes
``mypy --strict``, and mistakes are found. The environment borrows numpy, jax, mypy and the rest from the environment
that runs this, so nothing is downloaded.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
import zipfile

root = pathlib.Path(__file__).resolve().parent.parent
#: Methods of ``NDArray`` and functions of ``nd`` are there when first asked for; stubtest looks, but does not ask.
STUBTEST = """
import runpy, sys
from lazynd import nd
example = nd.zeros(1)
for name in dir(example):
    hasattr(type(example), name) or getattr(example, name)
runpy.run_module("mypy.stubtest", run_name="__main__")
"""


def check_contents(wheel: pathlib.Path) -> None:
    """The package, all of it, with stubs, and nothing else: no tests, no tools."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    kinds = ("*.py", "*.txt", "py.typed", "*.html", "*.js", "*.css")
    sources = {p.relative_to(root).as_posix() for kind in kinds for p in (root / "lazynd").rglob(kind)}
    stubs = {name for name in packed if name.endswith(".pyi")}
    assert packed - stubs == sources, f"too much or too little in the wheel: {sorted(packed - stubs ^ sources)}"
    assert {name.removesuffix("i") for name in stubs} <= sources, "a stub of no module"
    assert {"lazynd/nd/__init__.pyi", "lazynd/nd/ndarray.pyi"} <= stubs, "stubs are missing"


class Place:
    """A folder with an environment in which the wheel is installed."""

    def __init__(self, folder: pathlib.Path, wheel: pathlib.Path) -> None:
        self.folder = folder
        venv.create(folder / "env", with_pip=True)
        self.python = folder / "env" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index")
        self.run(*pip, str(wheel))
        site = self.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        # After its own packages, not before: the wheel's lazynd must win. An editable finder is not inherited.
        borrowed = f"import sys; sys.path.append({sysconfig.get_path('purelib')!r})\n"
        pathlib.Path(site, "borrowed.pth").write_text(borrowed, encoding="utf-8")

    def run(self, *arguments: str, check: bool = True) -> str:
        """What Python says, run here; what it says wrong is shown, and ends this if ``check``."""
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
        command = [str(self.python), *arguments]
        ran = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        if check and ran.returncode:
            sys.exit(f"{' '.join(arguments[:3])[:60]} failed:\n{ran.stdout}{ran.stderr}")
        return ran.stdout


def check_types(place: Place) -> None:
    """The stubs, the sample, and that mistakes are found, each on its line and no other."""
    for name in ("sample.py", "mistakes.py"):
        shutil.copy(root / "tests" / "typed" / name, place.folder)
    # Only what it says about third parties without types: where the package lies is up to the environment.
    config = (root / "setup.cfg").read_text(encoding="utf-8")
    ignored = re.findall(r"^\[mypy-.*\n.*\n", config, re.MULTILINE)
    # A stub does not keep the remark that a method's inputs have names of their own.
    ignored.append("[mypy-lazynd.gluon.rnn.rnn_layer]\ndisable_error_code = override\n")
    (place.folder / "mypy.ini").write_text("[mypy]\n" + "".join(ignored), encoding="utf-8")
    allowed = str(root / "tools" / "stubtest_allowlist.txt")
    place.run("-c", STUBTEST, "lazynd", "--allowlist", allowed, "--mypy-config-file", "mypy.ini")
    place.run("-m", "mypy", "--strict", "sample.py")
    found = place.run("-m", "mypy", "--strict", "mistakes.py", check=False)
    lines = (place.folder / "mistakes.py").read_text(encoding="utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.endswith("# mistake")}
    named = {int(number) for number in re.findall(r"^mistakes\.py:(\d+): error", found, re.MULTILINE)}
    assert named == wrong, f"lines {sorted(wrong - named)} pass, lines {sorted(named - wrong)} do not:\n{found}"


def main() -> None:
    (wheel,) = (root / "dist").glob("lazynd-*-py3-none-any.whl")
    started = time.monotonic()
    check_contents(wheel)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(pathlib.Path(folder), wheel)
        where = place.run("-c", "import lazynd; print(lazynd.__file__)").strip()
        assert str(place.folder.resolve()) in str(pathlib.Path(where).resolve()), where
        version = place.run("-c", "import lazynd; print(lazynd.__version__)").strip()
        assert wheel.name.startswith(f"lazynd-{version}-"), (wheel.name, version)
        command = place.python.with_name("lazynd.exe" if sys.platform == "win32" else "lazynd")
        said = subprocess.run([command, "--version"], cwd=place.folder, capture_output=True, text=True, check=True)
        assert said.stdout == f"lazynd {version}\n", said.stdout
        check_types(place)
        print(place.run("sample.py"), end="")
        for name in ("viz", "report"):  # the templates of the page are in the wheel
            subprocess.run([command, name, "sample.py"], cwd=place.folder, capture_output=True, check=True)
        assert (place.folder / "explorer.html").read_text(encoding="utf-8").startswith("<!doctype html>")
        print(place.run("-m", "lazynd.demo"), end="")
    print(f"the installed wheel works, in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
