"""Scopes: what gives symbols their names and attributes. MXNet 1.9.1 gave these answers, unless a line says so."""

from __future__ import annotations

import threading

import pytest

import lazynd
from lazynd import AttrScope
from lazynd.name import NameManager, Prefix


def test_names_are_counted_by_kind() -> None:
    names = NameManager()
    assert [names.get(None, "fc"), names.get("x", "fc"), names.get(None, "fc"), names.get(None, "conv"),
            names.get("", "fc")] == ["fc0", "x", "fc1", "conv0", "fc2"]  # fmt: skip
    prefixed = Prefix("p_")
    assert [prefixed.get(None, "fc"), prefixed.get("x", "fc"), prefixed.get(None, "fc")] == ["p_fc0", "p_x", "p_fc1"]


def test_attributes_are_joined() -> None:
    assert AttrScope(a="1").get(None) == {"a": "1"} and AttrScope().get(None) == {}
    assert AttrScope(a="1").get({"a": "2", "b": "3"}) == {"a": "2", "b": "3"}
    with pytest.raises(ValueError, match="Attributes need to be string"):
        AttrScope(a=1)  # type: ignore[arg-type]  # refused
    with AttrScope(a="1", b="1") as outer:
        with AttrScope(b="2") as inner:
            assert inner.get(None) == {"a": "1", "b": "2"}
        assert outer.get({}) == {"a": "1", "b": "1"}
    assert inner.get(None) == {"b": "2"}, "MXNet keeps what was joined"


@pytest.mark.filterwarnings("ignore:.*current has been deprecated:DeprecationWarning")
@pytest.mark.parametrize(("family", "other"), [(NameManager, Prefix("q_")), (AttrScope, AttrScope(b="2"))])
def test_the_current_scope_is_that_of_the_innermost_block(family: type, other: object) -> None:
    before = family.current  # type: ignore[attr-defined]  # of its class
    assert type(before) is family
    with family() as scope:
        assert family.current is scope
        with other:
            assert family.current is other
        with pytest.raises(KeyError), family():
            raise KeyError
        assert family.current is scope
    assert family.current is before


@pytest.mark.filterwarnings("ignore:.*current has been deprecated:DeprecationWarning")
def test_each_thread_has_scopes_of_its_own() -> None:
    seen: list[object] = []
    with NameManager() as names, AttrScope(a="1"):
        thread = threading.Thread(target=lambda: seen.extend([NameManager.current, AttrScope.current.get(None)]))
        thread.start()
        thread.join()
        assert NameManager.current is names
    assert seen[0] is not names and seen[1] == {}


def test_asking_a_class_for_the_current_scope_is_deprecated() -> None:
    with pytest.warns(DeprecationWarning, match=r"AttrScope.current has been deprecated") as told:
        before = AttrScope.current
    assert told[0].filename == __file__
    with pytest.warns(DeprecationWarning, match=r"NameManager.current has been deprecated"):
        NameManager.current = NameManager()
    with pytest.warns(DeprecationWarning):
        AttrScope.current = scope = AttrScope(c="3")
        assert AttrScope.current is scope
        AttrScope.current = before


def test_they_are_found_where_mxnet_has_them() -> None:
    assert lazynd.name.NameManager is NameManager and lazynd.attribute.AttrScope is AttrScope is lazynd.AttrScope
    with pytest.raises(AttributeError):
        lazynd.name.nothing
