"""Runs the test suite on the oldest and on the newest supported jax, each in an environment of its own.

``python tools/matrix.py [--only oldest|newest] [pytest arguments]``. Warnings are errors on the pinned jax
(``make test``); here they are advice. A Python is looked for on the path, then among pyenv's: the newest is 3.14, or,
where that is not installed, the newest that is. ``python tools/matrix.py --list`` runs nothing, and says which Pythons
and which jax that would be on this machine.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
#: The oldest is that of setup.cfg; the newest whatever is released.
ENDS = {
    "oldest": (("python3.11",), "jax=={oldest}"),
    "newest": (("python3.14", "python3.13", "python3.12", "python3.11"), "jax"),
}


def oldest() -> str:
    """The lower bound that setup.cfg declares."""
    found = re.search(r"^\s+jax>=([\d.]+)$", (ROOT / "setup.cfg").read_text(encoding="utf-8"), re.M)
    if found is None:
        raise SystemExit("setup.cfg declares no jax>=...")
    return found[1]


def usable(name: str) -> str | None:
    """The path of a Python called ``name`` that starts and can make environments."""
    versions = pathlib.Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    candidates = [shutil.which(name), *sorted(map(str, versions.glob(f"*/bin/{name}")), reverse=True)]
    for path in filter(None, candidates):
        if not subprocess.run([path, "-c", "import ensurepip, venv"], capture_output=True).returncode:
            return path
    return None


def chosen(end: str) -> str:
    """Which Python stands for ``end`` here, and which jax pip would install for it."""
    names, requirement = ENDS[end]
    found = [(name, path) for name in names if (path := usable(name))]
    if not found:
        return f"{end}: none of {', '.join(names)} is installed"
    name, path = found[0]
    missing = f" ({names[0]} is not installed)" if name != names[0] else ""
    wanted = requirement.format(oldest=oldest())
    return f"{end}: {name}{missing}, {path}; {wanted}{newest_jax(path) if wanted == 'jax' else ''}"


def newest_jax(python: str) -> str:
    """The newest jax for ``python``, as pip's index has it; "" where none is reached."""
    ask = [python, "-m", "pip", "index", "versions", "jax", "--disable-pip-version-check"]
    said = subprocess.run(ask, capture_output=True, text=True, check=False)
    found = re.match(r"jax \(([\d.]+)\)", said.stdout)
    return f" {found[1]}" if found else ""


def prepare(end: str) -> pathlib.Path | None:
    """The Python of the environment of ``end``, made or brought up to date; None if none can be made."""
    names, requirement = ENDS[end]
    place = ROOT / f".venv-{end}"
    python = place / "bin" / "python"
    if not python.exists():
        base = next(filter(None, map(usable, names)), None)
        print(chosen(end), flush=True)
        if base is None:
            return None
        subprocess.run([base, "-m", "venv", place], check=True)
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--upgrade"]
    subprocess.run([*pip, requirement.format(oldest=oldest()), "-e", ".[test,examples]"], check=True, cwd=ROOT)
    return python


def main(arguments: list[str]) -> int:
    ends = list(ENDS)
    if arguments[:1] == ["--list"]:
        print("\n".join(map(chosen, ends)))
        return 0
    if arguments[:1] == ["--only"]:
        ends, arguments = [arguments[1]], arguments[2:]
    status = 0
    for end in ends:
        python = prepare(end)
        if python is None:
            status = 1
            continue
        show = "import jax, jaxlib, numpy, sys; print(jax.__version__, numpy.__version__, sys.version.split()[0])"
        versions = subprocess.check_output([python, "-c", show], text=True).split()
        print("{}: jax {}, NumPy {}, Python {}".format(end, *versions), flush=True)
        started = time.perf_counter()
        suite = [python, "-m", "pytest", "-q", "-n", "2", "-W", "default", "--disable-warnings", *arguments]
        status |= subprocess.run(suite, cwd=ROOT).returncode
        print(f"{end}: {time.perf_counter() - started:.0f} s", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
