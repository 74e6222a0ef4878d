"""What real MXNet infers, of shapes and dtypes: ``PYTHON_WITH_MXNET tools/make_shape_goldens.py``.

For the cases in ``tests/goldens/cases``, a few of each operator, MXNet is asked with some inputs, outputs or extents
left open, and with a wrong one. Its answers go to ``tests/data/shapes_golden.txt`` and ``dtypes_golden.txt``, a line
each, which ``tests/goldens/inferred.py`` writes and reads. Questions that only say that nothing follows from nothing
are left out; of operators whose inputs are never inferred from anything, only what follows for results from open
extents is kept. Each operator has a process of its own.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import pickle
import signal
import sys
from collections.abc import Iterator
from typing import Any

import mxnet as mx  # type: ignore[import-not-found]  # the real one
import numpy as np
from mxnet.symbol.register import _symbol_creator  # type: ignore[import-not-found]

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.goldens import inferred
from tests.goldens.case import Case
from tests.goldens.cases import families
from tests.goldens.inferred import Question

#: After so many seconds an operator is given up.
PATIENCE = 60
#: So many cases of an operator with so many inputs, all with other attributes.
MOST = 2


def symbol(operator: str, case: Case) -> Any:
    """The operator on variables ``i0``, ``i1``, ..."""
    handle = ctypes.c_void_p()
    mx.base.check_call(mx.base._LIB.NNGetOpHandle(mx.base.c_str(operator), ctypes.byref(handle)))
    variables = [mx.sym.Variable(f"i{i}") for i in range(len(case.arrays))]
    attributes = {key: str(value) for key, value in case.attributes.items() if key != "out"}
    for more in ({}, {"num_args": str(len(variables))}):
        given = {**attributes, **more}
        try:
            return _symbol_creator(handle.value, variables, {}, list(given), list(given.values()), "x", False, False)
        except mx.base.MXNetError:
            continue
    return None


def answer_shapes(made: Any, count: int, known: list[Any], outputs: list[Any] | None) -> Any:
    """What MXNet infers from shapes of inputs and, if not None, of outputs; None if it refuses."""
    given = {f"i{i}": tuple(each) for i, each in enumerate(known) if each is not None}
    asked = made
    if outputs is not None:  # an elementwise sum tells an output its shape
        parts = []
        for i, each in enumerate(outputs):
            given[f"o{i}"] = tuple(each)
            parts.append(mx.sym.elemwise_add(made[i], mx.sym.Variable(f"o{i}")))
        asked = mx.sym.Group(parts)
    try:
        inputs, results = by_name(asked, asked.infer_shape_partial(**given))
    except mx.base.MXNetError:
        return None
    return [inputs.get(f"i{i}") or None for i in range(count)], [each or None for each in results]


def answer_dtypes(made: Any, count: int, known: list[Any]) -> Any:
    """What MXNet infers from dtypes of inputs; None if it refuses."""
    given = {f"i{i}": each for i, each in enumerate(known) if each is not None}
    try:
        inputs, results = by_name(made, made.infer_type_partial(**given))
    except mx.base.MXNetError:
        return None
    return [dtype_name(inputs.get(f"i{i}")) for i in range(count)], list(map(dtype_name, results))


def by_name(asked: Any, answer: Any) -> tuple[dict[str, Any], list[Any]]:
    """Inputs by name, and outputs."""
    arguments, results, states = answer
    found = dict(zip(asked.list_arguments(), arguments, strict=True))
    found.update(zip(asked.list_auxiliary_states(), states, strict=True))
    return found, results


def dtype_name(dtype: Any) -> str | None:
    return None if dtype is None else np.dtype(dtype).name


def openings(full: list[Any]) -> Iterator[list[Any]]:
    """The inputs with one, or all but one, left open."""
    count = len(full)
    if count > 1:
        for i in range(count):
            yield [None if k == i else each for k, each in enumerate(full)]
            yield [each if k == i else None for k, each in enumerate(full)]


def shape_questions(made: Any, shapes: list[Any]) -> Iterator[tuple[list[Any], list[Any] | None]]:
    """Inputs and outputs as far as a question tells them; 0 is an extent that is left open."""
    full = answer_shapes(made, len(shapes), shapes, None)
    if full is None:
        return
    yield shapes, None
    for opened in openings(shapes):
        yield opened, None
    nothing = [None] * len(shapes)
    if all(full[1]):
        yield nothing, full[1]
    for axis in (0, -1):
        opened = [tuple(0 if i == axis % max(len(s), 1) else n for i, n in enumerate(s)) for s in shapes]
        yield opened, None
        if shapes and all(full[1]):
            yield [opened[0], *nothing[1:]], full[1]
        if len(shapes) > 1:
            yield [opened[0], *nothing[1:]], None
            yield [opened[0], *shapes[1:]], None
    for i, shape in enumerate(shapes):
        if shape:
            yield [(*shape[:-1], shape[-1] + 1) if k == i else s for k, s in enumerate(shapes)], None


def ask(operator: str, cases: list[Case]) -> tuple[list[Question], list[Question]]:
    shapes, dtypes = [], []
    seen: list[Any] = []
    for case in cases:
        attributes = {key: value for key, value in case.attributes.items() if key != "out"}
        like = [each for each, number in seen if number == len(case.arrays)]
        made = None if case.np_shape or attributes in like or len(like) == MOST else symbol(operator, case)
        if made is None:
            continue
        seen.append((attributes, len(case.arrays)))
        arrays = case.inputs(operator)
        count = len(arrays)
        told: list[Any] = []
        for question in shape_questions(made, [each.shape for each in arrays]):
            if question not in told:
                told.append(question)
                answer = answer_shapes(made, count, *question)
                shapes.append(Question(operator, attributes, *question, answer))
        named = [each.dtype.name for each in arrays]
        nothing: list[Any] = [None] * count
        opened = [named, *openings(named), nothing, *([["float16", *nothing[1:]]] if count else [])]
        for known in opened if not like else ():
            dtypes.append(Question(operator, attributes, known, None, answer_dtypes(made, count, known)))
    return shapes, dtypes


def ask_apart(operator: str, cases: list[Case]) -> tuple[list[Question], list[Question]]:
    """``ask`` in a process of its own; nothing if that ends MXNet."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(PATIENCE)
        with os.fdopen(write, "wb") as file:
            file.write(pickle.dumps(ask(operator, cases)))
            file.flush()
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        made = file.read()
    if os.waitpid(child, 0)[1]:
        print(f"{operator}: ends MXNet")
        return [], []
    found: tuple[list[Question], list[Question]] = pickle.loads(made)
    return found


def tells(question: Question) -> bool:
    """Whether an input follows from something."""
    return question.answer is not None and any(
        found and 0 not in found and found != known
        for known, found in zip(question.inputs, question.answer[0], strict=True)
    )


def forward(question: Question) -> bool:
    """Whether something of a result follows from inputs with open extents."""
    opened = all(question.inputs) and any(0 in each for each in question.inputs)
    return opened and question.outputs is None and question.answer is not None and any(question.answer[1])


def main() -> None:
    shapes, dtypes = [], []
    for family in families().values():
        for operator, cases in family.items():
            found = ask_apart(operator, cases)
            shapes += found[0] if any(map(tells, found[0])) else filter(forward, found[0])
            dtypes += found[1]
    for name, questions in (("shapes", shapes), ("dtypes", dtypes)):
        path = inferred.save(name, questions)
        print(f"{path.name}: {len(questions)} questions, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
