"""Small names of MXNet's modules ``base``, ``util`` and ``context``, which programs take from there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import Context, base, nd, util


@pytest.mark.parametrize("value", [[1], (1, 2), [], ()])
def test_a_list_or_tuple_is_a_list_as_it_is(value: Any) -> None:
    assert base._as_list(value) is value


@pytest.mark.parametrize("value", [1, None, "ab", {1: 2}, nd.ones(2)])
def test_anything_else_is_put_in_a_list(value: Any) -> None:
    made = base._as_list(value)
    assert type(made) is list and len(made) == 1 and made[0] is value


def test_texts_to_c_and_back() -> None:
    assert base.py_str("abä".encode()) == "abä"
    pointer = base.c_str("abä")
    assert pointer.value is not None and base.py_str(pointer.value) == "abä"
    assert list(base.c_str_array(["a", "ä"])) == [b"a", "ä".encode()]
    for wrong in (lambda: base.py_str("a"), lambda: base.c_str(1)):  # type: ignore[arg-type]  # as in MXNet
        with pytest.raises(AttributeError):
            wrong()


def test_classes_of_values() -> None:
    assert base.mx_real_t is np.float32 and nd.ones(1).dtype is base.mx_real_t
    assert isinstance("a", base.string_types) and isinstance(np.float16(1), base.numeric_types)
    assert isinstance(np.int64(1), base.integer_types) and not isinstance(1.0, base.integer_types)


def test_the_folder_of_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MXNET_HOME", raising=False)
    assert base.data_dir() == base.data_dir_default() == str(tmp_path / ".mxnet")
    monkeypatch.setenv("MXNET_HOME", "elsewhere")
    assert base.data_dir() == "elsewhere" and base.data_dir_default() == str(tmp_path / ".mxnet")


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAZYND_A_TEST", "1")
    assert util.getenv("LAZYND_A_TEST") == "1"
    util.setenv("LAZYND_A_TEST", "ä")
    assert util.getenv("LAZYND_A_TEST") == "ä" == os.environ["LAZYND_A_TEST"]
    util.setenv("LAZYND_A_TEST", "")
    assert util.getenv("LAZYND_A_TEST") == ""
    for _ in range(2):
        util.setenv("LAZYND_A_TEST", None)
        assert util.getenv("LAZYND_A_TEST") is None and "LAZYND_A_TEST" not in os.environ
    with pytest.raises(TypeError):
        util.setenv("LAZYND_A_TEST", 1)  # type: ignore[arg-type]  # refused


@pytest.mark.filterwarnings("ignore:Context.default_ctx has been deprecated:DeprecationWarning")
def test_the_default_context() -> None:
    assert Context.default_ctx is lazynd.current_context() is lazynd.cpu(0)
    with lazynd.cpu(2):
        assert Context.default_ctx is lazynd.cpu(2)
        Context.default_ctx = lazynd.cpu(1)
        assert lazynd.current_context() is nd.ones(1).context is lazynd.cpu(1)
    assert lazynd.current_context() is lazynd.cpu(0)
    with pytest.raises(TypeError, match="must be a Context, not 3"):
        Context.default_ctx = 3  # type: ignore[assignment]  # refused
    assert lazynd.current_context() is lazynd.cpu(0)


def test_asking_the_class_for_the_default_context_is_deprecated() -> None:
    with pytest.warns(DeprecationWarning, match="default_ctx has been deprecated") as told:
        found = Context.default_ctx
    assert told[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="default_ctx has been deprecated"):
        Context.default_ctx = found


def test_numbers_of_types_of_devices() -> None:
    assert Context.devstr2type["gpu"] == 2 and Context.devtype2str == {v: k for k, v in Context.devstr2type.items()}
    assert lazynd.cpu_pinned().device_typeid == 3


def test_arrays_are_found_beside_autograd() -> None:
    from lazynd.autograd import NDArray

    assert NDArray is nd.NDArray
