"""User source locations: raw (code, instruction) while recording, text only when somebody looks."""

from __future__ import annotations

import linecache
import os
import sys
from contextlib import suppress
from types import CodeType, FrameType
from typing import Final

#: What the names of our files begin with, and those of the functions that are generated from the registry.
_OURS: Final = (os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep, "<lazynd.")
#: The demonstration is in the package, but uses it like any program: its lines are named as the user's.
_DEMO: Final = os.path.join(_OURS[0], "demo.py")
#: Where Python's own library is, and what is installed beside it.
_STANDARD: Final = os.path.dirname(os.__file__) + os.sep


def is_our_file(name: str) -> bool:
    """Whether code in the file ``name`` is lazynd's own."""
    return name.startswith(_OURS) and name != _DEMO


#: In the names of files of progress bars, which iterate over a loader for a line of the user's.
_BARS: Final = f"{os.sep}tqdm{os.sep}"


class _Known(dict[str, bool]):
    """Of each name of a file whether it is passed over, found out when first asked."""

    def __missing__(self, name: str) -> bool:
        found = self[name] = is_our_file(name) or _BARS in name
        if not found:
            USERS.add(name)
        return found


#: Files of which ``OURS`` has found that they are not ours: to be asked first where every operation comes by.
USERS: Final[set[str]] = set()


#: By the names of files, those of notebooks' cells too: whether they are ours, or a progress bar's.
OURS: Final = _Known()


def is_ours(frame: FrameType) -> bool:
    """Whether ``frame`` runs lazynd's own code."""
    return is_our_file(frame.f_code.co_filename)


def user_frame(depth: int = 1) -> FrameType | None:
    """The innermost frame outside lazynd, from ``depth`` callers up."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        name = frame.f_code.co_filename  # ``is_ours`` without a call for each frame
        if not name.startswith(_OURS) or name == _DEMO:
            break
        frame = frame.f_back
    return frame


def calling_frame() -> FrameType:
    """The user's frame, or the present one where there is none."""
    return user_frame(2) or sys._getframe(1)


def user_location(depth: int = 2) -> tuple[CodeType | None, int]:
    """Code and instruction of ``user_frame``; None and -1 where there is none."""
    frame = user_frame(depth)
    return (None, -1) if frame is None else (frame.f_code, frame.f_lasti)


#: Notebooks and other tools that show the value of an expression by calling its ``repr``.
_SHOWING = frozenset(("IPython", "_pytest", "debugpy", "ipykernel", "rich"))
REPRESENTING: Final = frozenset(("__format__", "__repr__", "__str__"))
#: The files, so called, of what is typed at a prompt, where no other line than the user's calls ``repr``.
_PROMPTS = ("<stdin>", "<python-input", "<console>", "<pyshell")


def asking_location(frame: FrameType | None, text: bool) -> tuple[CodeType | None, int, bool]:
    """Code and instruction of the user's line that asks for a value, and whether that line is only displayed.

    ``frame`` is the innermost that is not ours, ``text`` whether it asks for the text of an array. That may be asked
    for by the standard library, which logs it, or by a notebook, which shows what a cell gives: the line that counts is
    the user's, around them.
    """
    inner, displayed = frame, False
    while text and frame is not None and _package(frame) in _SHOWING | sys.stdlib_module_names:
        displayed = displayed or _package(frame) in _SHOWING
        frame = frame.f_back
    if frame is None:
        frame = inner
    if frame is None:
        return None, -1, False
    return frame.f_code, frame.f_lasti, displayed or (text and frame.f_code.co_filename.startswith(_PROMPTS))


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def calling_line() -> str | None:
    """Where the function that the user's line stands in was called; None where that line is in no function.

    Callers in Python's own library are passed over.
    """
    frame = user_frame(2)
    while frame is not None and not frame.f_code.co_name.startswith(("<module", "<cell")):
        part = frame.f_code.co_name.endswith(("comp>", "genexpr>"))  # of the function around it, up to Python 3.11
        frame = frame.f_back
        if frame is not None and not part and not is_ours(frame) and not _is_standard(frame.f_code.co_filename):
            return describe(frame.f_code, frame.f_lasti)
    return None


def _is_standard(file: str) -> bool:
    """Whether ``file`` belongs to Python's own library."""
    return file.startswith((_STANDARD, "<frozen ")) and "-packages" not in file[len(_STANDARD) :]


def line_of(code: CodeType | None, lasti: int) -> int:
    """The line of instruction ``lasti``, 0 when unknown."""
    if code is None:
        return 0
    for start, end, line in code.co_lines():
        if start <= lasti < end and line is not None:
            return line
    return code.co_firstlineno


def describe(code: CodeType | None, lasti: int, source: bool = False) -> str:
    """``file:line``, of a notebook the cell and its line, and the line's text if ``source``.

    "unknown line" without a location.
    """
    if code is None:
        return "unknown line"
    line = line_of(code, lasti)
    text = source_of(code.co_filename, line) if source else ""
    return place_of(code.co_filename, line) + (f": {text}" if text else "")


def source_of(file: str, line: int) -> str:
    """The text of a line, without what indents it; "" where it is not to be had."""
    return linecache.getline(file, line).strip()


def place_of(file: str, line: int, short: bool = False) -> str:
    """``file:line``, or the cell of a notebook and its line; ``short``: a file in the present folder by its end."""
    cell = cell_of(file)
    if cell is not None:
        return f"{cell}, line {line}"
    if short:
        with suppress(OSError):  # the folder is gone
            file = file.removeprefix(os.path.join(os.getcwd(), ""))
    return f"{file}:{line}"


def cell_of(file: str) -> str | None:
    """What a notebook calls the cell whose code is in the so-called ``file``: "Cell In[3]"; None for other files."""
    python = sys.modules.get("IPython")
    shell = None if python is None else python.get_ipython()
    try:
        named = None if shell is None else shell.compile.format_code_name(file)
    except AttributeError:  # another version of it
        return None
    return None if named is None else " ".join(named)
