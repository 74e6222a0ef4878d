"""Runs the test suite on the oldest and on the newest supported jax, each in an environment of its own."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENDS = {
    "oldest": (("python3.11",), "jax==0.10.2"),
    "newest": (("python3.14", "python3.13", "python3.12", "python3.11"), "jax"),
}


def usable(name: str) -> bool:
    found = shutil.which(name)
    return found is not None and not subprocess.run([found, "-c", ""], capture_output=True).returncode


def main(arguments: list[str]) -> int:
    status = 0
    for end, (pythons, jax) in ENDS.items():
        python = next((name for name in pythons if usable(name)), None)
        if python is None:
            print(f"{end}: none of {', '.join(pythons)} is installed")
            status = 1
            continue
        place = ROOT / f".venv-{end}"
        if not (place / "bin" / "python").exists():
            subprocess.run([python, "-m", "venv", place], check=True)
        pip = [place / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--upgrade"]
        subprocess.run([*pip, jax, "-e", ".[test,examples]"], check=True, cwd=ROOT)
        version = subprocess.check_output(
            [place / "bin" / "python", "-c", "import jax, sys; print(jax.__version__, sys.version.split()[0])"],
            text=True,
        )
        print(f"{end}: jax {version.strip()}", flush=True)
        # On a jax that is not pinned, its warnings are advice.
        relaxed = [] if end == "oldest" else ["-W", "default"]
        suite = [place / "bin" / "python", "-m", "pytest", "-q", "-n", "2", *relaxed, *arguments]
        status |= subprocess.run(suite, cwd=ROOT, env=os.environ).returncode
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
