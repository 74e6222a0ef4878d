"""What the command line and the documentation say about operators and settings, read from the code itself."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import nd
from .backends import cast_scalar
from .backends.numpy import evaluate
from .backends.protocol import EXACT_SIZE, FUNCTIONS
from .config import Config, config
from .ir.flatten import flatten
from .ir.graph import graph_of
from .ir.specialization import Specialization
from .ir.types import Type, is_floating
from .ops import OPERATORS, Operator, find
from .ops.operator import Parameter

__all__ = ["Setting", "describe", "families", "settings"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its attribute of ``lazynd.config``, type, environment names, value now, and meaning.

    >>> settings()[0].name, settings()[0].environment
    ('eager', ('LAZYND_EAGER', 'MXNET_ENGINE_TYPE'))
    """

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
        module = operator.function.__module__ or "here"  # a function made by exec has none
        found.setdefault(module.rpartition(".")[2], []).append(operator)
    return {name: sorted(found[name], key=lambda o: o.name.lower()) for name in sorted(found)}


def describe(operator: str | Operator) -> str:
    """All that is known of an operator, as Markdown: signature, parameters, an example, types, gradient, source.

    Raises ``KeyError`` for an unknown name.

    >>> print(describe("softmax").splitlines()[0])
    softmax(data, length=None, axis=-1, temperature=None, dtype=None, use_length=False, *, out=None, name=None)
    """
    found = find(operator) if isinstance(operator, str) else operator
    if found is None:
        raise KeyError(operator)
    parts = [_signature(found), textwrap.dedent(found.__doc__ or "").strip()]
    if found.names[1:]:
        parts.append("Also called " + ", ".join(f"`{name}`" for name in found.names[1:]) + ".")
    parts += [_parameters(found), _example(found), _types(found), _digits(found), _gradient(found), _source(found)]
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
    for p in operator.visible:
        fixed = ", ".join(map(repr, operator.static_values.get(p.name, ())))
        lines.append(f"- `{p.name}`: {_parameter(p)}" + (f"; {fixed} are compiled in" if fixed else ""))
    return "\n".join(lines)


def _parameter(parameter: Parameter) -> str:
    kind = parameter.kind
    meaning = kind.meaning or f"{kind.name}, part of the program"
    if kind.fill is not None:
        return meaning
    required = parameter.default is inspect.Parameter.empty
    return f"{meaning}; " + ("required" if required else f"default `{parameter.default!r}`")


def _bound(operator: Operator, arrays: Sequence[Any], attributes: dict[str, Any]) -> tuple[Specialization, list[Any]]:
    """A sample as a specialization, and the values of its slots."""
    types = tuple(Type(np.shape(a), np.asarray(a).dtype) for a in arrays)
    spec, slots = operator.bind(types, attributes)
    given = zip(slots, spec.slots, strict=True)
    return spec, [cast_scalar(0 if value is None else value, slot.type) for value, slot in given]


def _samples(operator: Operator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The samples of the generic tests, with few decimals."""
    if operator.samples is None:
        return []
    found = operator.samples(np.random.default_rng(5))
    return [(tuple(np.round(a, 2) for a in map(np.asarray, arrays)), attributes) for arrays, attributes in found]


def _example(operator: Operator) -> str:
    """The first sample as a call, with what it prints; none for operators that users do not call, or that draw."""
    if operator.name.startswith("_") or operator.draws or operator.samples is None:
        return ""
    arrays, attributes = _samples(operator)[0]
    spec, slots = _bound(operator, arrays, attributes)
    results = evaluate(flatten(graph_of(spec)), [*arrays, *slots])
    visible = results[: len(results) - len(spec.writes)]
    shown = [repr(nd.array(result, dtype=result.dtype)) for result in visible]
    text = shown[0] if len(shown) == 1 else "[" + ", ".join(shown) + "]"
    given = [*map(_literal, arrays), *(f"{name}={_attribute(value)}" for name, value in attributes.items())]
    call = f">>> nd.{operator.name}({', '.join(given)})"
    printed = "\n".join(line or "<BLANKLINE>" for line in text.split("\n"))
    return f"```python\n{call}\n{printed}\n```"


def _literal(array: np.ndarray[Any, Any]) -> str:
    dtype = "" if array.dtype == np.float32 else f", dtype={array.dtype.name!r}"
    listed = array.astype(np.float64).round(4) if is_floating(array.dtype) else array
    return f"nd.array({listed.tolist()}{dtype})".replace(".0,", ",").replace(".0]", "]")


def _attribute(value: Any) -> str:
    return repr(value.name) if isinstance(value, np.dtype) else repr(value)


def _types(operator: Operator) -> str:
    """The type rule on the samples of the generic tests."""
    lines = []
    for arrays, attributes in _samples(operator):
        spec, _ = _bound(operator, arrays, attributes)
        given = [*map(repr, spec.in_types), *(f"{name}={_attribute(value)}" for name, value in attributes.items())]
        written = [_input_name(operator, i) for i in spec.writes]
        shown = spec.out_types[: len(spec.out_types) - len(written)]
        line = f"{operator.name}({', '.join(given)}) -> {', '.join(map(repr, shown)) or 'nothing'}"
        lines.append(line + (f"; writes to {', '.join(written)}" if written else ""))
    return "Types:\n\n```text\n" + "\n".join(dict.fromkeys(lines)) + "\n```" if lines else ""


def _input_name(operator: Operator, number: int) -> str:
    last = len(operator.inputs) - 1
    if operator.variadic and number >= last:
        return f"{operator.inputs[last]}[{number - last}]"
    return operator.inputs[number]


def _digits(operator: Operator) -> str:
    """Where the last digits of a result depend on the size of the array: told of what computes such functions."""
    if operator.samples is None:
        return ""
    spec, _ = _bound(operator, *_samples(operator)[0])
    used = sorted({node.spec.op.name for node in flatten(graph_of(spec)).nodes if node.spec} & FUNCTIONS)
    if not used:
        return ""
    return (
        f"On a CPU, {', '.join(f'`{name}`' for name in used)} of a float32 array may differ in the last digits between "
        f"arrays of up to {EXACT_SIZE:,} elements and larger ones (see *Last digits* among the differences)."
    )


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
