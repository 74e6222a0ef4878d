"""Parameters in files: MXNet's own and ours, by structure and by name, with all options and messages."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import gluon, nd
from lazynd.gluon import nn

from ..goldens.blocks import saved_net

#: Programs run in the interpreter: nothing here is about what is compiled.
pytestmark = pytest.mark.usefixtures("on_numpy")

#: What MXNet wrote for ``saved_net``: see ``tools/make_block_goldens.py``.
FILE = pathlib.Path(__file__).parents[1] / "data" / "gluon_net.params"


def values(net: Any) -> dict[str, Any]:
    return {name: each.data().asnumpy() for name, each in net._collect_params_with_prefix().items()}


def equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)


def test_files_are_those_of_mxnet_byte_for_byte(tmp_path: pathlib.Path) -> None:
    net = saved_net(lazynd)
    net.save_parameters(tmp_path / "net.params")
    assert (tmp_path / "net.params").read_bytes() == FILE.read_bytes()
    assert "1._unfused.0.i2h_weight" in values(net) and "2._unfused.0.l_cell.h2h_bias" in values(net)


def test_a_file_of_mxnet_is_loaded_into_a_new_net() -> None:
    expected = values(saved_net(lazynd))
    net = nn.Sequential()
    inner = nn.HybridSequential()
    inner.add(nn.Dense(3, activation="relu"), nn.BatchNorm())
    net.add(inner, gluon.rnn.GRU(2), gluon.rnn.LSTM(2, bidirectional=True))
    net.load_parameters(FILE, ctx=[lazynd.cpu(0), lazynd.cpu(1)])
    assert equal(values(net), expected)
    assert net.collect_params().list_ctx() == [lazynd.cpu(0), lazynd.cpu(1)]


def small(*units: int) -> Any:
    net = nn.Sequential()
    net.add(*(nn.Dense(each) for each in units))
    return net


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    """Of a net of Dense(3), Flatten and Dense(2)."""
    net = nn.Sequential()
    net.add(nn.Dense(3), nn.Flatten(), nn.Dense(2))
    net.initialize()
    net(nd.ones((1, 4)))
    net.save_parameters(tmp_path / "n.params")
    return tmp_path / "n.params"


def test_what_is_missing_or_too_much(file: pathlib.Path) -> None:
    net = small(3)
    with pytest.raises(ValueError, match=r"Parameter '2.weight' loaded from file '.*' is not present in ParameterDict"):
        net.load_parameters(file)
    net.load_parameters(file, ignore_extra=True)
    assert net[0].weight.shape == (3, 4)
    net = small(3, 2)
    with pytest.raises(
        AssertionError,
        match=r"Parameter '1.weight' is missing in file '.*', which contains parameters: '0.weight', '0.bias', "
        r"'2.weight', '2.bias'. Set allow_missing=True to ignore missing parameters\.",
    ):
        net.load_parameters(file, ignore_extra=True)
    net.load_parameters(file, ignore_extra=True, allow_missing=True)
    with pytest.raises(RuntimeError, match="has not been initialized"):
        net[1].weight.data()


def test_if_one_does_not_fit_none_is_taken(file: pathlib.Path) -> None:
    net = nn.Sequential()
    net.add(nn.Dense(3), nn.Flatten(), nn.Dense(5, prefix="out_"))
    with pytest.raises(
        AssertionError,
        match=r"Failed loading Parameter 'out_weight' from saved params: shape incompatible expected \(5, 0\) vs saved "
        r"\(2, 3\)",
    ):
        net.load_parameters(file)
    with pytest.raises(RuntimeError, match="has not been initialized"):
        net[0].weight.data()


def test_dtypes_are_kept_or_cast(file: pathlib.Path) -> None:
    def net() -> Any:
        made = nn.Sequential()
        made.add(nn.Dense(3, dtype="float64"), nn.Flatten(), nn.Dense(2, dtype="float64"))
        return made

    with pytest.raises(AssertionError, match=r"dtype incompatible expected float64 vs saved .*Set cast_dtype=True"):
        net().load_parameters(file)
    one, other = net(), net()
    one.load_parameters(file, cast_dtype=True)
    other.load_parameters(file, cast_dtype=True, dtype_source="saved")
    assert (one[0].weight.data().dtype, other[0].weight.data().dtype) == (np.float64, np.float32)


def test_what_is_shared_is_written_once_if_wanted(tmp_path: pathlib.Path) -> None:
    def net() -> Any:
        one = nn.Dense(3, in_units=3)
        made = nn.Sequential()
        made.add(one, nn.Dense(3, in_units=3, params=one.params))
        return made

    shared = net()
    shared.initialize()
    shared.save_parameters(tmp_path / "all.params")
    shared.save_parameters(tmp_path / "once.params", deduplicate=True)
    assert list(nd.load(tmp_path / "all.params")) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert list(nd.load(tmp_path / "once.params")) == ["1.weight", "1.bias"], "the last of its names, as in MXNet"
    for name in ("all", "once"):
        other = net()
        other.load_parameters(tmp_path / f"{name}.params")
        assert equal(values(other), values(shared))


def test_a_file_by_names_is_loaded_too(tmp_path: pathlib.Path) -> None:
    one, other = small(3, 2), nn.Sequential(prefix="other_")
    with other.name_scope():
        other.add(nn.Dense(3), nn.Dense(2))
    named = nn.Sequential(prefix="one_")
    with named.name_scope():
        named.add(nn.Dense(3), nn.Dense(2))
    for net in (one, named):
        net.initialize()
        net(nd.ones((1, 4)))
    with pytest.warns(UserWarning, match=r"save_params is deprecated. Please use save_parameters"):
        named.save_params(tmp_path / "old.params")
    assert next(iter(nd.load(tmp_path / "old.params"))) == "dense0_weight"
    with pytest.warns(UserWarning, match=r"load_params is deprecated. Please use load_parameters"):
        other.load_params(tmp_path / "old.params")
    assert equal(values(other), values(named))
    with pytest.raises(ValueError, match="is to be striped before saving"), pytest.warns(UserWarning):
        one.save_params(tmp_path / "x.params")


def test_what_cannot_be_saved_or_loaded(tmp_path: pathlib.Path) -> None:
    net = small(3)
    with pytest.raises(RuntimeError, match="has not been initialized"):
        net.save_parameters(tmp_path / "x.params")
    with pytest.raises(lazynd.MXNetError, match="No such file"):
        net.load_parameters(tmp_path / "no.params")
    nd.save(tmp_path / "list.params", [nd.ones(1)])
    with pytest.raises(ValueError, match="holds 1 arrays without names"):
        net.load_parameters(tmp_path / "list.params")


def test_the_mean_of_several_contexts_is_saved(tmp_path: pathlib.Path) -> None:
    net = nn.Dense(1, in_units=1, use_bias=False)
    net.initialize(ctx=[lazynd.cpu(0), lazynd.cpu(1)])
    for number, each in enumerate(net.weight.list_data()):
        each[:] = number
    net.save_parameters(tmp_path / "x.params")
    assert nd.load(tmp_path / "x.params")["weight"].asscalar() == 0.5  # type: ignore[call-overload]
