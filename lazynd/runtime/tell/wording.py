"""The user's own words for what an operation reads: found in the source of the line that recorded it."""

from __future__ import annotations

import ast
import linecache
from itertools import islice
from types import CodeType

from ...ir.derived import Derived
from ...ir.specialization import Specialization
from ...ops import OPERATORS
from .location import is_our_file

#: A longer expression tells less than the name that the operator gives its input.
_LONGEST = 40
#: What modules of operators are called; ``x.dot(w)`` is a method where ``x`` is none of them.
_MODULES = ("nd", "mx", "F", "sym", "np", "npx", "lazynd", "mxnet")


def input_words(spec: Specialization, index: int, code: CodeType | None, lasti: int) -> str:
    """What the user calls input ``index`` of an operation of ``spec`` recorded there; or what the operator does."""
    found = _declared(spec, index)
    if found is None:
        return f"input {index} of {operator_words(spec, code, lasti)}"
    spec, index = found
    written = _expression(code, lasti)
    text = None if written is None else _argument(written, spec, index)
    if text is not None and len(text) <= _LONGEST:
        return text
    names = getattr(spec.op, "inputs", ())
    if spec.op.is_call:
        number = _argument_number(spec, index)
        return f"{number} of {spec.op.name}" if number is not None else f"array that {spec.op.name} uses"
    return str(names[index]) if index < len(names) else f"input {index} of {spec.op.name}"


def operator_words(spec: Specialization, code: CodeType | None, lasti: int) -> str:
    """What the user calls the operation of ``spec`` recorded there: ``ones`` is the name of one that is ``_full``."""
    name = str(spec.op.name)
    if isinstance(spec.op, Derived) and spec.op.derivation.step == "vjp":
        return f"the gradient of {operator_words(spec.op.derivation.origin, code, lasti)}"
    if name.startswith("_"):
        written = _expression(code, lasti)
        if isinstance(written, ast.Call) and ast.unparse(written.func).partition(".")[0] in _MODULES:
            return _last_name(written.func) or name
    return name


def _argument_number(spec: Specialization, index: int) -> int | None:
    arguments = getattr(spec.op, "arguments", ())
    found: int | None = arguments[index] if index < len(arguments) else None
    return found


def _declared(spec: Specialization, index: int) -> tuple[Specialization, int] | None:
    """The operator as it was applied, and which of its inputs is input ``index`` of what was derived from it."""
    while isinstance(spec.op, Derived):
        derivation = spec.op.derivation
        if derivation.step == "vjp":
            return None
        if derivation.step == "live":
            index = [i for i, read in enumerate(derivation.inputs) if read][index]
        spec = derivation.origin
    return spec, index


def _expression(code: CodeType | None, lasti: int) -> ast.AST | None:
    """What is written where ``code`` is at instruction ``lasti``."""
    if code is None or lasti < 0 or is_our_file(code.co_filename):
        return None
    first, last, start, end = next(islice(code.co_positions(), lasti // 2, None), (None, None, None, None))
    if first is None or last is None or start is None or end is None:  # Python was told to keep none
        return None
    lines = [linecache.getline(code.co_filename, number).encode() for number in range(first, last + 1)]
    lines[-1] = lines[-1][:end]  # first, for there may be one line
    lines[0] = lines[0][start:]
    try:
        (statement,) = ast.parse(b"".join(lines).decode()).body
    except (SyntaxError, ValueError):  # the file has changed
        return None
    return statement.value if isinstance(statement, ast.Expr) else statement


def _argument(written: ast.AST, spec: Specialization, index: int) -> str | None:
    """The text of input ``index`` in ``written``, if that applies the operator of ``spec`` itself."""
    given: list[ast.expr] | None = None
    if spec.op.is_call:
        number = _argument_number(spec, index)
        if number is None or not isinstance(written, ast.Call) or written.keywords:
            return None
        most = max(each for each in getattr(spec.op, "arguments", ()) if each is not None)
        given, index = written.args if len(written.args) == most + 1 else [], number
    elif isinstance(written, ast.BinOp):
        given = [written.left, written.right]
    elif isinstance(written, ast.AugAssign):
        given = [written.target, written.value]
    elif isinstance(written, ast.Call) and _applies(written.func, spec):
        receiver = written.func.value if isinstance(written.func, ast.Attribute) else None
        method = receiver is not None and ast.unparse(receiver).partition(".")[0] not in _MODULES
        given = [*([receiver] if method and receiver is not None else []), *written.args]
        names = getattr(spec.op, "inputs", ())
        for keyword in written.keywords:
            if index < len(names) and keyword.arg == names[index]:
                return ast.unparse(keyword.value)
    if given is None or index >= len(given) or any(isinstance(each, ast.Starred) for each in given[: index + 1]):
        return None
    return ast.unparse(given[index])


def _applies(function: ast.expr, spec: Specialization) -> bool:
    """Whether ``function`` names the operator of ``spec``."""
    name = _last_name(function)
    found = OPERATORS.get(name)
    return found is spec.op or spec.op.name in (name, f"broadcast_{name}")


def _last_name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else str(getattr(function, "id", ""))
