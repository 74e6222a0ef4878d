"""What MXNet infers, as text, a question a line: operator, attributes, what is known, what follows.

``dot|{'transpose_a': True}|2x3 ? > ? -> 2x3 ? > ?``: inputs before ``>``, outputs behind it, ``0`` an open extent and
``?`` something of which nothing is known. Outputs are left out of a question that does not tell them, and what follows
is ``error`` where MXNet refuses.
"""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FOLDER = pathlib.Path(__file__).parents[1] / "data"


@dataclass(frozen=True)
class Question:
    """What is known of inputs and outputs, and MXNet's answer: inputs and outputs, or None."""

    operator: str
    attributes: Mapping[str, Any]
    inputs: Sequence[Any]
    outputs: Sequence[Any] | None
    answer: tuple[Sequence[Any], Sequence[Any]] | None


def _text(values: Sequence[Any]) -> str:
    return " ".join("?" if v is None else v if isinstance(v, str) else "x".join(map(str, v)) or "()" for v in values)


def _value(text: str) -> Any:
    if text == "?":
        return None
    return tuple(int(n) for n in text.split("x")) if text[0].isdigit() else () if text == "()" else text


def _pair(inputs: Sequence[Any], outputs: Sequence[Any] | None) -> str:
    return _text(inputs) + ("" if outputs is None else f" > {_text(outputs)}")


def save(name: str, questions: Sequence[Question]) -> pathlib.Path:
    path = FOLDER / f"{name}_golden.txt"
    lines = []
    for q in questions:
        follows = "error" if q.answer is None else _pair(*q.answer)
        lines.append(f"{q.operator}|{dict(q.attributes)!r}|{_pair(q.inputs, q.outputs)} -> {follows}")
    path.write_text("\n".join(lines) + "\n")
    return path


def _parts(text: str) -> tuple[list[Any], list[Any] | None]:
    inputs, mark, outputs = text.partition(">")
    return list(map(_value, inputs.split())), list(map(_value, outputs.split())) if mark else None


def load(name: str) -> list[Question]:
    found = []
    for line in (FOLDER / f"{name}_golden.txt").read_text().splitlines():
        operator, attributes, text = line.split("|", 2)
        known, _, follows = text.partition("->")
        answer = None if follows.strip() == "error" else _parts(follows)
        inputs, outputs = _parts(known)
        found.append(Question(operator, ast.literal_eval(attributes), inputs, outputs, answer))  # type: ignore[arg-type]  # an answer has outputs
    return found
