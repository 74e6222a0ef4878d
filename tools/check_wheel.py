"""Installs the wheel in dist/ into a throw-away environment and runs the demo there, outside the checkout.

The environment borrows numpy, jax and the rest from the environment that runs this, so nothing is downloaded.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile

root = pathlib.Path(__file__).resolve().parent.parent


def check_contents(wheel: pathlib.Path) -> None:
    """The package, all of it, and nothing else: no tests, no tools."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    kinds = ("*.py", "*.txt", "py.typed")
    sources = {p.relative_to(root).as_posix() for kind in kinds for p in (root / "lazynd").rglob(kind)}
    assert packed == sources, f"too much or too little in the wheel: {sorted(packed ^ sources)}"


def main() -> None:
    (wheel,) = (root / "dist").glob("lazynd-*-py3-none-any.whl")
    check_contents(wheel)
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        venv.create(place / "env", with_pip=True)
        python = place / "env" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        install = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--no-index",
            wheel,
        ]
        subprocess.run(install, check=True, cwd=place)
        query = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        site = subprocess.check_output(query, text=True, cwd=place).strip()
        # After its own packages, not before: the wheel's lazynd must win. An editable finder is not inherited.
        borrowed = f"import sys; sys.path.append({sysconfig.get_path('purelib')!r})\n"
        pathlib.Path(site, "borrowed.pth").write_text(borrowed, encoding="utf-8")
        where = subprocess.check_output([python, "-c", "import lazynd; print(lazynd.__file__)"], text=True, cwd=place)
        assert str(place.resolve()) in str(pathlib.Path(where.strip()).resolve()), where
        subprocess.run([python, "-m", "lazynd.demo"], check=True, cwd=place)
        print("the installed wheel works")


if __name__ == "__main__":
    main()
