"""Commands that run a program of the user's, or read a file, and show what lazynd made of it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from . import observe, viz
from .backends.costs import interpreting
from .ir.graph import Graph
from .ir.several import several
from .ir.text import print_graph
from .observe.report import RANKS

#: What the shell says of a program that was interrupted.
_INTERRUPTED = 130


class ScriptError(Exception):
    """A script that cannot be read."""


def run_script(path: str, arguments: Sequence[str]) -> int:
    """Run the program ``path`` as ``python path arguments`` does; the exit status.

    It runs unedited, in this process, as ``__main__``, with its folder first among those of modules. If it fails its
    traceback is printed, as Python does. Raises ``ScriptError`` if it cannot be read.
    """
    try:
        source = Path(path).read_bytes()
    except OSError as error:
        raise ScriptError(f"{path} cannot be read: {error.strerror or error}") from error
    module = ModuleType("__main__")
    module.__file__ = path
    module.__loader__ = SourceFileLoader("__main__", path)
    module.__spec__ = None
    vars(module)["__builtins__"] = __builtins__
    before = sys.argv, list(sys.path), sys.modules["__main__"]
    sys.argv = [path, *arguments]
    sys.path[:1] = [str(Path(path).resolve().parent)]
    sys.modules["__main__"] = module
    try:
        exec(compile(source, path, "exec", dont_inherit=True), vars(module))
        return 0
    except SystemExit as stop:
        return _status(stop.code)
    except BaseException as error:
        trace = error.__traceback__
        error.__traceback__ = None if trace is None else trace.tb_next  # without the frame of this function
        sys.excepthook(type(error), error, error.__traceback__)
        return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    finally:
        sys.stdout.flush()
        sys.argv, sys.path[:], sys.modules["__main__"] = before


def _status(code: Any) -> int:
    """What ``sys.exit(code)`` means."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    print(code, file=sys.stderr)
    return 1


# ------------------------------------------------------------------------------------ report


def report(script: str, arguments: Sequence[str], file: str | None, limit: int, by: str) -> int:
    """Run a script, then tell the report, also if the script failed; its exit status."""
    status = run_script(script, arguments)
    found = observe.report(limit, by)
    if file is None:
        print(f"\n{found}")
        if found.compiles:
            print(f"\n{found.explanation}")
    else:
        _write(file, {".html": _report_page, ".json": _report_data}.get(Path(file).suffix, _report_text), found)
    return status


def _report_text(found: observe.Report) -> str:
    return f"{found}\n\n{found.explanation}\n"


def _report_data(found: observe.Report) -> str:
    data = {
        "totals": found.totals,
        "lines": [{**vars(line), "causes": dict(line.causes)} for line in found.lines],
        **{name: [dataclasses.asdict(each) for each in getattr(found, name)] for name in ("forces", "windows")},
        "compiles": [dataclasses.asdict(each) for each in found.compiles],
    }
    return json.dumps(data, indent=1)


def _report_page(found: observe.Report) -> str:
    style = "body{font-family:sans-serif;color-scheme:light dark}td{font-variant-numeric:tabular-nums}"
    return (
        f'<!doctype html>\n<meta charset="utf-8">\n<title>lazynd report</title>\n<style>{style}</style>\n'
        f"<h1>Lines</h1>\n{found._repr_html_()}\n<h1>Programs</h1>\n{found.explanation._repr_html_()}\n"
    )


def _write(file: str, form: Callable[[Any], str], shown: Any) -> None:
    Path(file).write_text(form(shown), encoding="utf-8")
    print(f"written: {file}")


# ------------------------------------------------------------------------------------ viz, profile, ir


def explore(script: str, arguments: Sequence[str], file: str, most: int) -> int:
    """Run a script and write the explorers of the programs that computed most; its exit status."""
    before = max((each.when for each in viz.programs()), default=-1)
    with viz.timed():
        status = run_script(script, arguments)
    ran = sorted((each for each in viz.programs() if each.when > before), key=_work, reverse=True)[:most]
    if not ran:
        print(f"nothing ran because of {script}: it reads no value", file=sys.stderr)
        return status or 1
    for number, program in enumerate(ran):
        name = file if not number else _numbered(file, number + 1)
        viz.save(program, name)
        print(f"{name}: {_described(program)}")
    return status


def _work(program: viz.Program) -> float:
    """How much it computed in all, by estimate: that of a step is the same whenever it is asked for."""
    return program.runs * sum(interpreting(node.spec) for node in program.graph.nodes if node.spec is not None)


def _described(program: viz.Program) -> str:
    took = "" if program.milliseconds is None else f" of {program.milliseconds:.3g} ms"
    size, runs = several(len(program.graph), "operator"), several(program.runs, "run")
    return f"{size}, {program.tier}, {runs}{took}, first for {program.site}"


def _numbered(file: str, number: int) -> str:
    path = Path(file)
    return str(path.with_name(f"{path.stem}-{number}{path.suffix}"))


def trace(script: str, arguments: Sequence[str], file: str) -> int:
    """Run a script and write its profile; its exit status."""
    with observe.profile(file):
        status = run_script(script, arguments)
    print(f"written: {file}, for https://ui.perfetto.dev")
    return status


def show_graph(graph: Graph, file: str | None) -> int:
    """Print ``graph`` and its counts, or draw it into ``file``."""
    if file is not None:
        viz.save(graph, file)
        print(f"written: {file}")
        return 0
    print(print_graph(graph), end="")
    print(viz.summary(graph))
    return 0


# ------------------------------------------------------------------------------------ how they are called


def add_commands(commands: Any) -> None:
    """Tell the parser of the command line what there is."""
    made = _add(commands, "viz", "run a script, and write the explorer of its steps", "SCRIPT.py")
    made.add_argument("-o", "--output", default="explorer.html", metavar="FILE", help=_ENDINGS)
    made.add_argument("-n", "--programs", type=_count, default=1, metavar="N", help="so many programs, a file each (1)")
    made.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script is given")
    made = _add(commands, "report", "run a script, and tell which of its lines cost what, and why", "SCRIPT.py")
    made.add_argument("-o", "--output", metavar="FILE", help=".html, .json or text instead of the terminal")
    made.add_argument("-n", "--lines", type=_count, default=10, metavar="N", help="so many lines (10)")
    made.add_argument("--by", choices=tuple(RANKS), default="time", help="rank by")
    made.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script is given")
    made = _add(commands, "profile", "run a script, and write a trace for Perfetto", "SCRIPT.py")
    made.add_argument("-o", "--output", default="profile.json", metavar="FILE", help="the trace (profile.json)")
    made.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script is given")
    made = _add(commands, "ir", "check a graph given as text, print it, draw it", "FILE")
    made.add_argument("-o", "--output", metavar="FILE", help=f"draw it: {_ENDINGS}")


#: Of the files that are drawn.
_ENDINGS = ".html, .svg, .png, .dot, .gv, .json, .txt"


def _add(commands: Any, name: str, what: str, file: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    made.add_argument("file", metavar=file, help="- for the standard input" if name == "ir" else None)
    return made


def _count(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1")
    return int(text)


def run_command(given: argparse.Namespace, read: Callable[[str], Graph]) -> int:
    """What ``given`` says, one of the commands above; 2 if it cannot be done. ``read`` reads and checks a graph."""
    try:
        folder = os.path.dirname(os.path.abspath(given.output)) if given.output else ""
        if folder and not os.path.isdir(folder):  # before anything runs for an hour
            raise ScriptError(f"there is no folder {folder} to write {os.path.basename(given.output)} into")
        if given.command in ("ir", "viz") and given.output and Path(given.output).suffix not in _ENDINGS.split(", "):
            raise ScriptError(f"{given.output} ends in none of {_ENDINGS}, which say what is written")
        if given.command == "ir":
            return show_graph(read(given.file), given.output)
        if given.command == "viz":
            return explore(given.file, given.arguments, given.output, given.programs)
        if given.command == "profile":
            return trace(given.file, given.arguments, given.output)
        return report(given.file, given.arguments, given.output, given.lines, given.by)
    except (ScriptError, ValueError, OSError) as error:
        print(f"lazynd {given.command}: {error}", file=sys.stderr)
        return 2
