"""Sets up .venv for the targets of the Makefile. Only the standard library, and old syntax: it must be able to say
that the Python it runs on is too old.

usage: python3 tools/bootstrap.py EXTRA[,EXTRA...]

An environment that is complete is left alone, without the network; one that lacks extras gets them; any other
(stale, half made, of another Python, moved, somebody else's) is made anew.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

try:
    import fcntl
except ImportError:
    fcntl = None

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "lazynd-stamp.json")
SOURCES = ("setup.cfg", "setup.py", "pyproject.toml", "constraints.txt", "csrc/slots.h", "csrc/slots.c",
           "csrc/call.c", "csrc/record.c", "csrc/plan.c", "csrc/module.c")  # fmt: skip
OLDEST = (3, 11)
CANDIDATES = ("python3", "python3.13", "python3.12", "python3.11", "python3.14", "python")
TOO_OLD = (
    "lazynd needs Python 3.11 or newer: install it (for example python3.11 with python3.11-venv) and run make again."
)
NO_VENV = "{0} has no working venv module: install it (on Debian and Ubuntu: python3-venv) and run make again."
FAILED = "setting up .venv failed, see above; when the cause is gone, run make again: it starts afresh."
#: Settings of pip and Python that would send packages elsewhere than into .venv.
MISLEADING = ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_CONSTRAINT")


def version_of(python):
    """(major, minor) of an interpreter, None if it does not run."""
    command = [python, "-c", "import sys; print('%d %d' % sys.version_info[:2])"]
    try:
        text = subprocess.check_output(command, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        return tuple(int(part) for part in text.split())
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def lasting(python):
    """``python``; if it is that of an activated .venv, which may be made anew, the one that .venv was made from."""
    found = os.path.abspath(shutil.which(python) or python)
    if not found.startswith(VENV + os.sep):
        return python
    executable = "'python.exe'" if os.name == "nt" else "'bin/python%d.%d' % sys.version_info[:2]"
    ask = f"import os, sys; print(os.path.join(sys.base_prefix, {executable}))"
    try:
        return subprocess.check_output([found, "-c", ask], stdin=subprocess.DEVNULL).decode("utf-8").strip()
    except (OSError, subprocess.CalledProcessError):
        return python


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
    for name in SOURCES:
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


def run(command):
    """Run quietly in the checkout; True if it succeeded. What it said is shown only if it did not."""
    environment = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    child = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = child.communicate()
    if child.returncode:
        lines = said.decode("utf-8", "replace").splitlines()
        sys.stderr.write("\n".join(line for line in lines if not line.startswith("WARNING: Location")) + "\n")
    return child.returncode == 0


def remove_venv():
    if os.path.islink(VENV) or os.path.isfile(VENV):
        os.remove(VENV)
    shutil.rmtree(VENV, ignore_errors=True)


def create_venv(python):
    """A new, empty .venv, or the sentence that says what is missing."""
    remove_venv()
    try:
        subprocess.check_call(
            [python, "-c", "import ensurepip, venv"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.CalledProcessError):
        sys.exit(NO_VENV.format(python))
    if not run([python, "-m", "venv", VENV]):
        remove_venv()
        sys.exit(NO_VENV.format(python))


def install(extras):
    """This checkout with its extras and everything pinned. The build tools first: pip must fetch none by itself."""
    pip = [venv_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pip += ["--progress-bar", "off", "--constraint", "constraints.txt"]
    project = ".[{}]".format(",".join(sorted(extras))) if extras else "."
    return run([*pip, "setuptools", "wheel"]) and run([*pip, "--no-build-isolation", "--editable", project])


def lock():
    """Held until the process ends, so that two targets started together do not undo each other's work."""
    if fcntl is None:
        return None
    file = open(os.path.join(ROOT, "setup.cfg"), "rb")  # noqa: SIM115 - closed by the caller
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def main(arguments):
    wanted = set(arguments[0].split(",")) if arguments else set()
    given = os.environ.get("PYTHON")
    python = choose(lasting(each) for each in ((given,) if given else (sys.executable, *CANDIDATES)))
    if python is None:
        sys.exit(TOO_OLD)
    version = version_of(python)
    held = lock()
    goal = digest(version)
    found, extras = installed()
    complete = found == goal and version_of(venv_python()) == version
    if complete and wanted <= extras:
        return
    extras = extras | wanted if complete else wanted
    sys.stderr.write("setting up .venv ({}), about a minute ...\n".format(", ".join(sorted(extras)) or "no extras"))
    sys.stderr.flush()
    if complete:
        os.remove(STAMP)
    else:
        create_venv(python)
    if not install(extras):
        sys.exit(FAILED)
    with open(STAMP, "w", encoding="utf-8") as file:
        json.dump({"digest": goal, "extras": sorted(extras)}, file)
    if held is not None:
        held.close()


if __name__ == "__main__":
    main(sys.argv[1:])
