"""What the command line and the documentation say about operators and settings, read from the code itself."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import nd
from .config import Config, config
from .ir.types import Type
from .ops import OPERATORS, Operator
from .ops.operator import Parameter

__all__ = ["Setting", "describe", "families", "settings"]

#: What each kind of parameter means for the program (see ``lazynd/ops/kinds.py``).
_MEANING = {
    "runtime": "a number that travels with each call: another value compiles nothing",
    "index": "compiled in as first seen, a program input once it changes",
    "indices": "compiled in as first seen, program inputs once they change",
    "draw": "the position of the random stream, filled in when recording",
    "mode": "training or prediction, filled in when recording",
    "context": "a context, part of the program",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its attribute of ``lazynd.config``, type, environment names, value now, and meaning."""

    name: str
    type: str
    environment: tuple[str, ...]
    value: Any
    meaning: str


def settings() -> list[Setting]:
    """Every setting in the order of ``lazynd/config.py``, whose comments are the meanings.

    >>> [s.environment for s in settings() if s.name == "window"]
    [('LAZYND_WINDOW',)]
    """
    meanings = _field_comments(inspect.getsource(Config))
    source = inspect.getsource(sys.modules[Config.__module__])  # the object hides its module
    found = []
    for name, (type, comment, factory) in meanings.items():
        named = re.findall(r'"((?:LAZYND|MXNET)_\w+)"', factory)
        for function in re.findall(r"default_factory=(_\w+)", factory):
            body = re.search(rf"def {function}\(.*?(?=\n\n\n|\Z)", source, re.DOTALL)
            named += re.findall(r'"((?:LAZYND|MXNET)_\w+)"', body.group() if body else "")
        meaning = re.sub(r" \(``[^()]*\)(?=\.)", "", comment)
        found.append(Setting(name, type, tuple(dict.fromkeys(named)), getattr(config, name), meaning))
    return found


def _field_comments(source: str) -> dict[str, tuple[str, str, str]]:
    """Fields of a dataclass with the ``#:`` comment before each, or before its group: name to (type, text, default)."""
    found: dict[str, tuple[str, str, str]] = {}
    comment: list[str] = []
    fresh = False
    for line in map(str.strip, source.splitlines()):
        field = re.match(r"(\w+): (.+?) = (.+)", line)
        if line.startswith("#:"):
            comment = [] if not fresh else comment
            comment.append(line[2:].strip())
            fresh = True
        elif field:
            found[field[1]] = (field[2], " ".join(comment), field[3])
            fresh = False
    return found


def families() -> dict[str, list[Operator]]:
    """The operators by family (the module that declares them), each once, by name.

    >>> "softmax" in [operator.name for operator in families()["nn"]]
    True
    """
    found: dict[str, list[Operator]] = {}
    for operator in {id(o): o for o in OPERATORS.values()}.values():
        found.setdefault(operator.function.__module__.rpartition(".")[2], []).append(operator)
    return {name: sorted(found[name], key=lambda o: o.name.lower()) for name in sorted(found)}


def describe(operator: str | Operator) -> str:
    """All that is known of an operator, as Markdown: signature, parameters, types on its samples, gradient, source.

    Raises ``KeyError`` for an unknown name.

    >>> print(describe("softmax").splitlines()[0])
    softmax(data, axis=-1, temperature=None, *, out=None, name=None)
    """
    found = OPERATORS[operator] if isinstance(operator, str) else operator
    parts = [_signature(found), textwrap.dedent(found.__doc__ or "").strip()]
    if found.aliases:
        parts.append("Also called " + ", ".join(f"`{name}`" for name in found.aliases) + ".")
    parts += [_parameters(found), _types(found), _gradient(found), _source(found)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _signature(operator: Operator) -> str:
    return f"{operator.name}{inspect.signature(getattr(nd, operator.name))}"


def _parameters(operator: Operator) -> str:
    lines = []
    for i, name in enumerate(operator.inputs):
        many = operator.variadic and i == len(operator.inputs) - 1
        lines.append(f"- `{name}`: " + ("any number of arrays" if many else "an array"))
        if i >= operator.required and not many:
            lines[-1] += ", optional"
    for p in operator.parameters:
        if p.kind != "draw":
            fixed = ", ".join(map(repr, operator.static_values.get(p.name, ())))
            lines.append(f"- `{p.name}`: {_parameter(p)}" + (f"; {fixed} are compiled in" if fixed else ""))
    return "\n".join(lines)


def _parameter(parameter: Parameter) -> str:
    kind = _MEANING.get(parameter.kind, f"{parameter.kind}, part of the program")
    if parameter.kind == "mode":
        return kind
    required = parameter.default is inspect.Parameter.empty
    return f"{kind}; " + ("required" if required else f"default `{parameter.default!r}`")


def _types(operator: Operator) -> str:
    """The type rule on the samples of the generic tests."""
    if operator.samples is None:
        return ""
    lines = []
    for arrays, attributes in operator.samples(np.random.default_rng(5)):
        types = tuple(Type(np.shape(a), np.asarray(a).dtype) for a in arrays)
        filled = {**attributes, "draw": (np.uint32(0), np.uint32(0))} if operator.draws else dict(attributes)
        spec, _ = operator.bind(types, filled)
        given = [*map(repr, types), *(f"{name}={value!r}" for name, value in attributes.items())]
        line = f"{operator.name}({', '.join(given)}) -> {', '.join(map(repr, spec.out_types))}"
        if line not in lines:
            lines.append(line)
    return "Types:\n\n```text\n" + "\n".join(lines) + "\n```"


def _gradient(operator: Operator) -> str:
    if not operator.differentiable:
        return "The gradient is zero everywhere."
    if operator.ignores_cotangent:
        return "A loss head: its gradient is its own rule, whatever the gradient of its output."
    if operator._gradient is not None:
        return "The gradient is a rule of its own."
    return "The gradient is that of the body."


def _source(operator: Operator) -> str:
    return f"The body:\n\n```python\n{inspect.getsource(operator.function).rstrip()}\n```"
