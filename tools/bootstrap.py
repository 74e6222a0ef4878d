"""Sets up .venv for the targets of the Makefile. Only the standard library, and old syntax: it must be able to say
that the Python it runs on is too old.

usage: python3 tools/bootstrap.py EXTRA[,EXTRA...]
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "lazynd-stamp.json")
OLDEST = (3, 11)
CANDIDATES = ("python3", "python3.13", "python3.12", "python3.11", "python3.14", "python")
TOO_OLD = (
    "lazynd needs Python 3.11 or newer: install it (for example python3.11 with python3.11-venv) and run make again."
)
NO_VENV = "{0} has no venv module: install it (on Debian and Ubuntu: python3-venv) and run make again."


def version_of(python):
    """(major, minor) of an interpreter, None if it does not run."""
    command = [python, "-c", "import sys; print('%d %d' % sys.version_info[:2])"]
    try:
        text = subprocess.check_output(command, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        return tuple(int(part) for part in text.split())
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def choose(candidates, version=version_of):
    """The first candidate that is new enough, None if there is none."""
    for python in candidates:
        found = version(python)
        if found is not None and found >= OLDEST:
            return python
    return None


def digest(python_version):
    """What an installation depends on, apart from its extras."""
    made = hashlib.sha256(repr((python_version, ROOT)).encode("utf-8"))
    for name in ("setup.cfg", "pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            made.update(file.read())
    return made.hexdigest()


def installed():
    """The stamp of a finished installation: its digest and extras."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            stamp = json.load(file)
        return stamp["digest"], set(stamp["extras"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, set()


def venv_python():
    name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(VENV, *name)


def main(arguments):
    wanted = set(arguments[0].split(",")) if arguments else set()
    given = os.environ.get("PYTHON")
    python = choose((given,) if given else (sys.executable, *CANDIDATES))
    if python is None:
        sys.exit(TOO_OLD)
    version = version_of(python)
    goal = digest(version)
    found, extras = installed()
    usable = version_of(venv_python()) == version
    if usable and found == goal and wanted <= extras:
        return
    if not usable or (found is not None and found != goal):
        shutil.rmtree(VENV, ignore_errors=True)
        extras = set()
        command = [python, "-m", "venv", VENV]
        if subprocess.call(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            shutil.rmtree(VENV, ignore_errors=True)
            sys.exit(NO_VENV.format(python))
    if os.path.exists(STAMP):
        os.remove(STAMP)
    extras |= wanted
    sys.stderr.write("setting up .venv ({}) ...\n".format(", ".join(sorted(extras))))
    command = [venv_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += [
        "--progress-bar",
        "off",
        "--constraint",
        "constraints.txt",
        "--editable",
        ".[{}]".format(",".join(sorted(extras))),
    ]
    if subprocess.call(command, cwd=ROOT, stdin=subprocess.DEVNULL):
        sys.exit("setting up .venv failed; see above. Nothing is half done: run make again when the cause is gone.")
    with open(STAMP, "w", encoding="utf-8") as file:
        json.dump({"digest": goal, "extras": sorted(extras)}, file)


if __name__ == "__main__":
    main(sys.argv[1:])
