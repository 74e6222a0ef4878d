"""Type stubs of what is made when it is first used: ``python tools/make_stubs.py FOLDER``.

FOLDER holds a copy of the package ``lazynd``. Functions of ``nd`` and methods of ``NDArray`` are made from the
registry, so a type checker cannot see them in the sources. For each module that has such names (it has a
``__getattr__``) a stub is written beside it: what the source says, without bodies, and the functions of the registry
with their types.

Stubs are made when a wheel is built and are not kept in the tree: a stub hides its module from a type checker, which
shall go on checking the module.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pathlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

#: Imports that the types above need, by where the package itself is from the module.
IMPORTS = """from collections.abc import Sequence
from typing import Any
from numpy.typing import DTypeLike
from {ir}ir.types import Context
"""
#: Decorators that change what a function is to a type checker; the others keep the signature.
KEPT = ("property", "setter", "staticmethod", "classmethod", "overload", "contextmanager", "dataclass")
PLAIN = (bool, int, float, str, type(None))


def main(folder: pathlib.Path) -> None:
    sys.path.insert(0, str(folder))
    for path in sorted(folder.glob("lazynd/**/*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if "__getattr__" in set(assigned(tree)) or path.stem == "ndarray":
            name = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
            text = stub(tree, importlib.import_module(name), is_package=path.stem == "__init__")
            path.with_suffix(".pyi").write_text(text, encoding="utf-8")


def stub(tree: ast.Module, module: ModuleType, is_package: bool = False) -> str:
    """The stub of a module."""
    depth = module.__name__.count(".") + is_package
    places = IMPORTS.format(ir="." * depth)
    body = list(without_bodies(tree.body, module))
    written = {*imported(tree), *assigned(ast.Module(body, []))}
    lines = [f'"""{first_line(module)}"""', places, *map(ast.unparse, body)]
    lines += [text for name in dir(module) if name not in written for text in made(module, name)]
    array = array_class(module)
    if array not in written:
        home = "nd.ndarray" if array == "NDArray" else "sym.symbol"
        lines.insert(2, f"from {'.' * depth}{home} import {array}")
    return "\n".join(lines) + "\n"


def array_class(module: ModuleType) -> str:
    """What the functions of ``module`` take and give."""
    return "Symbol" if module.__name__.startswith("lazynd.sym") else "NDArray"


def made(module: ModuleType, name: str) -> Iterator[str]:
    """The text of a function that ``module`` makes when asked for ``name``, if it does."""
    if name.startswith("__") or (module.__name__ in ("lazynd.nd", "lazynd.sym") and name.startswith("_")):
        return
    try:
        value = getattr(module, name)
    except (AttributeError, NotImplementedError):
        return
    operator = getattr(value, "operator", None) or getattr(value, "__globals__", {}).get("_op")
    if operator is not None:
        yield function(name, operator, inspect.signature(value), array_class(module))
    elif inspect.isfunction(value) and value.__module__ == module.__name__:
        yield written_function(name, value)
    elif inspect.isfunction(value):
        yield f"from {value.__module__} import {value.__name__} as {name}"


def function(name: str, operator: Any, signature: inspect.Signature, array: str = "NDArray") -> str:
    """The text of an operator's function or method."""
    shown = []
    for p in signature.parameters.values():
        parameter = operator.by_name.get(p.name)
        if p.name == "self":
            shown.append(p.replace(annotation=inspect.Parameter.empty, default=inspect.Parameter.empty))
            continue
        if p.name in ("out", "name") and parameter is None:
            kind = "str | None" if p.name == "name" else f"{array} | Sequence[{array}] | None"
        elif p.name == "attr" and parameter is None:
            kind = "dict[str, str] | None"
        elif parameter is None:
            several = p.kind is p.VAR_POSITIONAL
            kind = f"{array} | Sequence[{array}]" if several else f"{array} | None" if p.default is None else array
        else:
            kind = parameter.kind.annotation
            if (parameter.optional or parameter.kind.fill) and "None" not in kind:
                kind += " | None"
        default = p.default if p.default is p.empty else Shown(p.default)
        shown.append(p.replace(annotation=Text(kind), default=default))
    given = result(operator) if array == "NDArray" else array
    described = signature.replace(parameters=shown, return_annotation=Text(given))
    return f"def {name}{described}:\n    {docstring(operator)}\n    ..."


def written_function(name: str, value: Any) -> str:
    """The text of a function whose annotations are in its source."""
    signature = inspect.signature(value)
    kinds = [p.replace(annotation=Text(p.annotation)) for p in signature.parameters.values()]
    signature = signature.replace(parameters=kinds, return_annotation=Text(signature.return_annotation))
    return f"def {name}{signature}:\n    {docstring(value)}\n    ..."


def result(operator: Any) -> str:
    """What a call returns, by how many results the operator's samples have; beside ``Any`` where that varies."""
    import numpy as np  # noqa: PLC0415 - not before lazynd is found in its folder

    from lazynd.ir.types import Type  # noqa: PLC0415 - the same

    counts = set()
    for arrays, attributes in operator.samples(np.random.default_rng(0)):
        spec, _ = operator.bind(tuple(Type(np.shape(a), np.asarray(a).dtype) for a in arrays), attributes)
        counts.add(len(spec.out_types) - len(spec.writes))
    kind = "NDArray" if 1 in counts else "list[NDArray]"
    return kind if len(counts) == 1 else f"{kind} | Any"


class Text(str):
    """A string that shows without quotes, as an annotation."""

    def __repr__(self) -> str:
        return str(self)


class Shown:
    """A default as a stub has it: the value where that can be written, three dots where not."""

    def __init__(self, value: Any) -> None:
        parts = value if isinstance(value, tuple) else (value,)
        plain = all(isinstance(p, PLAIN) and p == p and p not in (float("inf"), -float("inf")) for p in parts)
        self.text = repr(value) if plain else "..."

    def __repr__(self) -> str:
        return self.text


def docstring(value: Any) -> str:
    return f'"""{first_line(value)}"""'


def first_line(value: Any) -> str:
    text = (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ")
    return text.replace("\\", "\\\\").replace('"""', "'''") + (" " if text.endswith('"') else "")


def assigned(tree: ast.Module) -> Iterator[str]:
    """The names that a module or class gives a value, but for those that it imports."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            for target in targets:
                yield from (each.id for each in ast.walk(target) if isinstance(each, ast.Name))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


def without_bodies(body: list[ast.stmt], owner: Any) -> Iterator[ast.stmt]:
    """The statements of a module or class as a stub has them."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.FunctionDef) and node.name not in ("__getattr__", "__dir__"):
            yield bodiless(node)
        elif isinstance(node, ast.ClassDef):
            value = getattr(owner, node.name)
            said = [ast.Expr(ast.Constant(first_line(value)))] if ast.get_docstring(node) else []
            node.body = [*said, *without_bodies(node.body, value)] or [ast.Expr(ast.Constant(...))]
            if node.name == "NDArray":
                node.body += ast.parse("\n".join(methods(value))).body
            elif node.name == "ndarray":
                unlike_their_base(node)
            yield node
        elif isinstance(node, ast.AnnAssign):
            kind = ast.Name("Any") if ast.unparse(node.annotation) == "Final" else node.annotation
            yield ast.AnnAssign(node.target, kind, None, node.simple)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from values(target, node.value, owner)


def unlike_their_base(node: ast.ClassDef) -> None:
    """Methods with NumPy's parameters stand, on purpose, in the place of operators with MXNet's."""
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name in ("sum", "mean", "max", "min", "prod", "argmax"):
            each.type_comment = "ignore[override]"


def bodiless(node: ast.FunctionDef) -> ast.FunctionDef:
    said = ast.get_docstring(node)
    node.decorator_list = [each for each in node.decorator_list if last_name(each) in KEPT]
    node.body = [ast.Expr(ast.Constant(said.split("\n\n")[0]))] if said else []
    node.body.append(ast.Expr(ast.Constant(...)))
    node.args.defaults = [simple(each) for each in node.args.defaults]
    node.args.kw_defaults = [each and simple(each) for each in node.args.kw_defaults]
    return node


def last_name(node: ast.expr) -> str:
    found = node.func if isinstance(node, ast.Call) else node
    return found.attr if isinstance(found, ast.Attribute) else ast.unparse(found)


def simple(node: ast.expr) -> ast.expr:
    """A default as it stands if it is a literal, else three dots."""
    try:
        ast.literal_eval(node)
    except ValueError:
        return ast.Constant(...)
    return node


def values(target: ast.expr, value: ast.expr, owner: Any) -> Iterator[ast.stmt]:
    """What is assigned without an annotation: other names stay what they are, literals get their type."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for each, part in zip(target.elts, value.elts, strict=True):
            yield from values(each, part, owner)
    elif isinstance(target, ast.Tuple):
        for each in target.elts:
            yield from values(each, value, owner)
    elif isinstance(target, ast.Name) and target.id not in ("__getattr__", "__dir__"):
        found = getattr(owner, target.id, None)
        operator = getattr(found, "__globals__", {}).get("_op")
        if target.id in ("__all__", "__slots__"):
            yield ast.Assign([target], value, lineno=0)
        elif operator is not None:
            yield from ast.parse(function(target.id, operator, inspect.signature(found))).body
        elif isinstance(value, ast.Call) and inspect.isfunction(found) and not target.id.startswith("_"):
            yield from ast.parse(written_function(target.id, found)).body
        elif isinstance(value, ast.Name | ast.Attribute) and not isinstance(found, PLAIN):
            yield ast.Assign([target], value, lineno=0)
        else:
            kind = type(found).__name__ if isinstance(found, PLAIN) and found is not None else "Any"
            yield ast.AnnAssign(target, ast.Name("None" if found is None else kind), None, 1)


def methods(array: Any) -> Iterator[str]:
    """The methods of ``NDArray`` that are made from the registry."""
    example = importlib.import_module("lazynd.nd").zeros(1)
    for name in dir(example):
        found = None if name.startswith("_") else getattr(getattr(example, name), "__func__", None)
        operator = getattr(found, "__globals__", {}).get("_op")
        if operator is not None:
            yield function(name, operator, inspect.signature(found))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
