"""Functions out of the registry for any front end: parameters, defaults and refusals, without arrays."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from lazynd import nd
from lazynd.ir.errors import MXNetError
from lazynd.ops import OPERATORS, every_name, find
from lazynd.ops.signature import MISSING, Front, make_function, refused_arguments, refused_input, without_missing

EMPTY = inspect.Parameter.empty


def told(operator: Any, inputs: Any, attributes: Any, name: Any, frame: Any) -> Any:
    """What a front end that only notes calls, as symbols do, makes of one."""
    for position, each in enumerate(inputs):
        if each is not None and not isinstance(each, str):
            error, reason = refused_input(operator, inputs, position, "Symbol")
            raise error(reason)
    given = {p.name: v for p, v in zip(operator.visible, attributes, strict=True) if v is not EMPTY}
    return operator.name, inputs, given, name, frame.f_code.co_name


def refuse(operator: Any, extra: Any, names: Any, inputs: Any, frame: Any) -> None:
    refused = refused_arguments(operator, extra, names)
    if refused is not None:
        raise refused[0](f"{refused[1]} ({', '.join(map(str, without_missing(inputs)))})")


FRONT = Front("lazynd.notes", told, refuse, ("name", "attr"), ("name",))


def note(name: str, method: bool = False) -> Any:
    operator = find(name)
    assert operator is not None
    return make_function(FRONT, operator, name, method)


def test_a_call_reaches_the_front_end_in_order() -> None:
    name, inputs, given, called, where = note("FullyConnected")("x", bias="b", num_hidden=3, weight="w", name="fc")
    assert (name, inputs, called) == ("FullyConnected", ("x", "w", "b"), "fc")
    assert given == {"num_hidden": 3, "no_bias": False, "flatten": True}
    assert where == "test_a_call_reaches_the_front_end_in_order"
    assert note("FullyConnected")("x", "w", None, 3)[2]["num_hidden"] == 3


def test_variadic_inputs_come_one_by_one_or_listed() -> None:
    assert note("concat")("a", "b", dim=0)[1:3] == (("a", "b"), {"dim": 0, "num_args": None})
    assert note("concat")(["a", "b"], dim=0)[1] == ("a", "b")


def test_the_recorder_fills_in_what_is_hidden_or_not_given() -> None:
    given = note("Dropout")("x")[2]
    assert "draw" not in given and given["training"] is None
    assert note("_zeros")(shape=(2,))[2]["ctx"] is None


def test_what_is_missing_or_wrong_is_told() -> None:
    with pytest.raises(MXNetError, match="input weight is missing"):
        note("FullyConnected")("x", num_hidden=3)
    with pytest.raises(AssertionError, match="Argument data must have Symbol type, but got 5"):
        note("exp")(5)
    with pytest.raises(MXNetError, match=r"Cannot find argument 'depth', Possible Arguments: axis, .*\(x, None\)"):
        note("softmax")("x", depth=3)
    with pytest.raises(TypeError, match="1 arguments too many"):
        note("exp")("x", None, None, "y")
    assert note("exp")("x", depth=3)[1] == ("x",), "ignored where there are no parameters, as in MXNet"
    assert repr(MISSING) == "<required>"


def test_required_attributes_may_be_missing_for_the_front_end_to_tell() -> None:
    assert "num_hidden" not in note("FullyConnected")("x", "w", "b")[2]


def test_the_shown_signature_has_the_keywords_of_the_front_end() -> None:
    assert str(inspect.signature(note("relu"))) == "(data, *, name=None, attr=None)"
    assert str(inspect.signature(note("clip", method=True))) == "(self, a_min, a_max, *, name=None, attr=None)"
    assert note("relu").__module__ == "lazynd.notes"


@pytest.mark.parametrize("name", sorted(n for n in every_name() if hasattr(nd, n) and not n.startswith("_")))
def test_all_front_ends_show_the_same_parameters(name: str) -> None:
    if getattr(getattr(nd, name), "__globals__", {}).get("_op") is not find(name):
        pytest.skip("nd has a function of its own")
    ours, theirs = (list(inspect.signature(each).parameters.values()) for each in (note(name), getattr(nd, name)))
    own = len(inspect.signature(note(name)).parameters) - 2
    assert ours[:own] == theirs[:own] and [p.name for p in theirs[own:]] == ["out", "name"]


def test_every_operator_makes_a_function() -> None:
    for operator in {id(o): o for o in OPERATORS.values()}.values():
        assert callable(make_function(FRONT, operator, operator.name))
