"""Which names a function uses, and what is noticed of them."""

from __future__ import annotations

from typing import Any

import pytest

from lazynd import nd
from lazynd.compiled import Compiled
from lazynd.compiled.watch import Watch, names_in

NUMBER = 1
TEXT = "a"


def _helper(x: Any) -> Any:
    return x, TEXT


def _used(x: Any, default: int = 3, *, keyword: int = 4) -> Any:
    return [_helper(each) for each in x.parts], NUMBER, default, keyword


def test_names_of_globals_and_attributes_are_told_apart() -> None:
    names = names_in(_used.__code__)
    assert {"_helper", "NUMBER"} <= names.globals and "parts" not in names.globals
    assert "parts" in names.attributes and not names.assigned


def test_functions_that_are_called_are_looked_at_too(monkeypatch: Any) -> None:
    watch = Watch([_used])
    assert watch.changed() is None
    monkeypatch.setitem(globals(), "TEXT", "b")
    assert watch.changed() == "TEXT was 'a' and is 'b'"
    monkeypatch.setitem(globals(), "TEXT", "".join(["a"]))
    assert watch.changed() is None, "equal texts are the same"
    monkeypatch.setitem(globals(), "NUMBER", True)
    assert watch.changed() == "NUMBER was 1 and is True"
    monkeypatch.delitem(globals(), "NUMBER")
    assert watch.changed() == "NUMBER is gone"


def test_keyword_defaults_are_looked_at() -> None:
    def body(x: Any, *, scale: float = 2.0) -> Any:
        return x * scale

    watch = Watch([body])
    assert body.__kwdefaults__ is not None
    body.__kwdefaults__["scale"] = 3.0
    assert watch.changed() == "scale was 2.0 and is 3.0"


def test_signs_of_zero_and_nan() -> None:
    value = 0.0

    def body() -> float:
        return value

    watch = Watch([body])
    value = -0.0
    assert watch.changed() is not None
    value = float("nan")
    again = Watch([body])
    value = float("nan")
    assert again.changed() is None


def test_a_variable_that_has_no_value_yet() -> None:
    def body() -> Any:
        return later

    watch = Watch([body])
    assert watch.changed() is None
    later = nd.ones(1)
    assert watch.changed() == "later is another NDArray"


def test_attributes_that_a_trace_set_are_set_back() -> None:
    class Thing:
        count = 0

        def __init__(self) -> None:
            self.size = 1

        def use(self) -> None:
            self.size = self.size + 1
            self.made = 2

    thing = Thing()
    watch = Watch([thing.use])
    thing.use()
    watch.undo(lambda value: value == 7)
    assert vars(thing) == {"size": 2, "made": 2}
    watch.undo(None)
    assert vars(thing) == {"size": 1}


@pytest.mark.lazy
def test_functions_that_cannot_be_seen_are_named(on_numpy: None) -> None:
    factor = 2.0

    def child(x: Any) -> Any:
        return x * factor

    children = [child]
    blind = Compiled(lambda x: children[0](x))
    seeing = Compiled(lambda x: children[0](x), uses=[child])
    for function in (blind, seeing):
        assert function(nd.ones(1)).asscalar() == 2
    factor = 3.0
    assert blind(nd.ones(1)).asscalar() == 2, "documented: what lies in a list is not seen"
    assert seeing(nd.ones(1)).asscalar() == 3


def test_what_cannot_be_watched_does_not_matter(on_numpy: None) -> None:
    function = Compiled(print)
    assert function("x") is None or function.reasons
    assert Compiled(nd.relu)(nd.array([-1, 1])).asnumpy().tolist() == [0, 1]
