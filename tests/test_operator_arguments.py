"""``mxnet.operator.get_operator_arguments``, against what MXNet 1.9.1 says."""

from __future__ import annotations

import pytest

from lazynd import MXNetError, operator
from lazynd.ops import OPERATORS

#: Operators with the names and types of their arguments in MXNet.
MXNET: dict[str, dict[str, str]] = {
    "FullyConnected": {
        "data": "NDArray-or-Symbol", "weight": "NDArray-or-Symbol", "bias": "NDArray-or-Symbol",
        "num_hidden": "int, required", "no_bias": "boolean, optional, default=0",
        "flatten": "boolean, optional, default=1",
    },
    "sum": {
        "data": "NDArray-or-Symbol", "axis": "Shape or None, optional, default=None",
        "keepdims": "boolean, optional, default=0", "exclude": "boolean, optional, default=0",
    },
    "elemwise_add": {"lhs": "NDArray-or-Symbol", "rhs": "NDArray-or-Symbol"},
    "sgd_update": {
        "weight": "NDArray-or-Symbol", "grad": "NDArray-or-Symbol", "lr": "float, required",
        "wd": "float, optional, default=0", "rescale_grad": "float, optional, default=1",
        "clip_gradient": "float, optional, default=-1", "lazy_update": "boolean, optional, default=1",
    },
    "transpose": {"data": "NDArray-or-Symbol", "axes": "Shape(tuple), optional, default=[]"},
    "argmax": {
        "data": "NDArray-or-Symbol", "axis": "int or None, optional, default='None'",
        "keepdims": "boolean, optional, default=0",
    },
    "expand_dims": {"data": "NDArray-or-Symbol", "axis": "int, required"},
    "LayerNorm": {
        "data": "NDArray-or-Symbol", "gamma": "NDArray-or-Symbol", "beta": "NDArray-or-Symbol",
        "axis": "int, optional, default='-1'", "eps": "float, optional, default=9.99999975e-06",
        "output_mean_var": "boolean, optional, default=0",
    },
    "reshape": {
        "data": "NDArray-or-Symbol", "shape": "Shape(tuple), optional, default=[]",
        "reverse": "boolean, optional, default=0", "target_shape": "Shape(tuple), optional, default=[]",
        "keep_highest": "boolean, optional, default=0",
    },
    "where": {"condition": "NDArray-or-Symbol", "x": "NDArray-or-Symbol", "y": "NDArray-or-Symbol"},
}  # fmt: skip


@pytest.mark.parametrize("name", MXNET)
def test_arguments_as_mxnet_tells_them(name: str) -> None:
    found = operator.get_operator_arguments(name)
    assert isinstance(found, operator.OperatorArguments)
    assert found == (len(MXNET[name]), list(MXNET[name]), list(MXNET[name].values()))


def test_any_number_of_arrays_is_one_argument() -> None:
    found = operator.get_operator_arguments("Concat")
    assert found.names[0] == "data" and found.types[0] == "NDArray-or-Symbol[]"


def test_the_mode_of_the_thread_is_no_argument() -> None:
    assert operator.get_operator_arguments("Dropout").names == ["data", "p", "mode", "axes", "cudnn_off"]
    assert operator.get_operator_arguments("_zeros").types[1] == "string, optional, default=''"


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_operator_tells_its_arguments(name: str) -> None:
    found = operator.get_operator_arguments(name)
    assert found.narg == len(found.names) == len(found.types) and all(found.types)


def test_an_operator_that_there_is_not() -> None:
    with pytest.raises(MXNetError, match="Operator nope is not registered"):
        operator.get_operator_arguments("nope")
