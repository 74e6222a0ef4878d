"""``python -m lazynd``: what a bug report needs, the settings, and the manual of any operator."""

from __future__ import annotations

import argparse
import difflib
import importlib.metadata
import os
import platform
import sys

from . import __version__, num_gpus
from .coverage import page
from .manual import describe, families, settings
from .ops import OPERATORS, every_name, find


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


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lazynd", description="MXNet's way of programming, compiled.")
    parser.add_argument("--version", action="version", version=f"lazynd {__version__}")
    commands = parser.add_subparsers(dest="command", title="commands")
    commands.add_parser("info", help="versions and devices, for a bug report (the default)")
    commands.add_parser("settings", help="every setting, its value and its environment name")
    commands.add_parser("coverage", help="what there is of MXNet, by name")
    operators = commands.add_parser("operators", help="the operators, or one of them in full")
    operators.add_argument("name", nargs="?")
    options = parser.parse_args(arguments)
    if options.command == "settings":
        return show_settings()
    if options.command == "coverage":
        print(page())
        return 0
    if options.command == "operators":
        return show_operators(options.name)
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
