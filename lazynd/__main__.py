"""``lazynd``, ``python -m lazynd``: what happens in a program, settings, the manual of any operator, passes on text."""

from __future__ import annotations

import argparse
import difflib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from . import __version__, num_gpus
from .commands import add_commands, run_command
from .coverage import page
from .ir.graph import Graph
from .ir.parse import parse_graph
from .ir.text import print_graph
from .ir.verify import VerificationError, verify
from .manual import describe, families, settings
from .ops import OPERATORS, every_name, find
from .passes import Stage, options, run_pipeline


def show_info() -> int:
    """Versions and devices."""
    print(f"lazynd {__version__}, Python {platform.python_version()}, {platform.platform()}")
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "jax", "jaxlib", "networkx")))
    print(f"{num_gpus()} GPUs, {len({id(o) for o in OPERATORS.values()})} operators")
    return 0


def show_settings() -> int:
    """Each setting, its value now, its environment names and its meaning."""
    for each in settings():
        print(f"{each.name} = {each.value!r}  ({', '.join(each.environment)})\n    {each.meaning}")
    return 0


def show_operators(name: str | None) -> int:
    """The names of all operators, or all that is known of one."""
    if name is None:
        for family, operators in families().items():
            print(f"{family}: {' '.join(o.name for o in operators)}")
        return 0
    if "." in name and find(name) is None:
        name = f"_{name.replace('.', '_')}"  # image.resize, as users write it, is _image_resize
    if find(name) is None:
        near = difflib.get_close_matches(name, every_name(), 3)
        print(f"there is no operator {name!r}" + (f"; near: {', '.join(near)}" if near else ""), file=sys.stderr)
        return 2
    print(describe(name), end="")
    return 0


def show_passes(file: str | None, names: Sequence[str], stages: bool) -> int:
    """All passes if neither is given; or the graph whose text is in ``file`` after the passes ``names``."""
    try:
        steps = [options.parse_pass(name) for name in names]
        if not steps and file is None:
            print(options.listing())
            return 0
        graph = _read_graph("-" if file is None else file)
        made = run_pipeline(graph, passes=steps, check=True, observe=_show_stage if stages else None)
    except (options.PassError, OSError, ValueError, VerificationError) as error:
        print(error, file=sys.stderr)
        return 2
    if not stages:
        print(print_graph(made), end="")
    return 0


def _read_graph(file: str) -> Graph:
    """The graph whose text is in ``file``, verified. What is wrong with the text is told with the name of the file."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        return verify(parse_graph(text, OPERATORS))
    except (ValueError, VerificationError) as error:
        raise ValueError(f"{'the standard input' if file == '-' else file}: {error}") from error


def _show_stage(stage: Stage) -> None:
    print(f"# {stage.name}\n{print_graph(stage.graph)}", end="")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    called = "lazynd" if Path(sys.argv[0]).stem == "lazynd" else "python -m lazynd"
    parser = argparse.ArgumentParser(prog=called, description="MXNet's way of programming, compiled.")
    parser.add_argument("--version", action="version", version=f"lazynd {__version__}")
    commands = parser.add_subparsers(dest="command", title="commands")
    commands.add_parser("info", help="versions and devices, for a bug report (the default)")
    commands.add_parser("settings", help="every setting, its value and its environment name")
    commands.add_parser("coverage", help="what there is of MXNet, by name")
    operators = commands.add_parser("operators", help="the operators, or one of them in full")
    operators.add_argument("name", nargs="?")
    passes = commands.add_parser(
        "passes",
        help="the passes of the compiler, or a graph after some of them",
        description="The graph in FILE after the passes that -p names. Without both: every pass, with its options.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=options.listing(),
    )
    passes.add_argument("file", nargs="?", metavar="FILE", help="a graph as text, - for the standard input (default)")
    passes.add_argument(
        "-p", "--pass", action="append", default=[], dest="names", metavar="NAME[:option=value...]",
        help="a pass to run, in the order given; module.function for one of your own",
    )  # fmt: skip
    passes.add_argument("--stages", action="store_true", help="print the graph after each pass too")
    add_commands(commands)
    given = parser.parse_args(arguments)
    if given.command in ("viz", "report", "profile", "ir"):
        return run_command(given, _read_graph)
    if given.command == "settings":
        return show_settings()
    if given.command == "coverage":
        print(page())
        return 0
    if given.command == "operators":
        return show_operators(given.name)
    if given.command == "passes":
        return show_passes(given.file, given.names, given.stages)
    return show_info()


def piped() -> int:
    """``main``; if the reader of a pipe closes it, as ``head`` does, this ends without a traceback, with status 1."""
    try:
        try:
            return main()
        finally:
            sys.stdout.flush()  # at exit nobody could catch what it raises
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # takes what is flushed at exit
        return 1


if __name__ == "__main__":
    sys.exit(piped())
