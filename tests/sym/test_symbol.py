"""What symbols do that MXNet's do not, or do otherwise."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
import warnings
from typing import Any

import pytest

import lazynd
from lazynd import MXNetError, nd, sym
from lazynd.base import NotImplementedForSymbol


def dense(**more: Any) -> Any:
    return sym.FullyConnected(sym.var("data"), num_hidden=4, name="fc", **more)


def test_importing_lazynd_loads_no_symbols() -> None:
    code = "import sys, lazynd; assert 'lazynd.sym' not in sys.modules; lazynd.symbol.var('x')"
    subprocess.run([sys.executable, "-c", f"{code}; assert 'jax' not in sys.modules"], check=True)
    assert lazynd.symbol is lazynd.sym


def test_shapes_and_dtypes_by_place() -> None:
    net = dense()
    assert net.infer_shape((2, 3)) == net.infer_shape(data=(2, 3)) == ([(2, 3), (4, 3), (4,)], [(2, 4)], [])
    assert net.infer_shape_partial(None, (4, 3))[0] == [(), (4, 3), ()]
    assert net.infer_type("float16") == net.infer_type(data="float16")
    with pytest.raises(MXNetError, match="4 shapes are given, but there are 3 arguments"):
        net.infer_shape((2, 3), (4, 3), (4,), (1,))


def test_what_is_open_is_listed() -> None:
    with pytest.warns(UserWarning, match=r"(?s)Cannot decide shape for the following arguments.*\tdata: \(0, 3\)$"):
        assert dense().infer_shape(data=(0, 3)) == (None, None, None)


def test_an_unknown_name_lists_the_candidates() -> None:
    with pytest.raises(MXNetError, match=r"(?s)argument name foo not found.*\[0\]data.*\[2\]fc_bias"):
        dense().infer_shape(foo=(2, 3))
    with pytest.raises(MXNetError, match=r"(?s)argument name foo not found.*\[0\]data"):
        dense()(foo=sym.var("x"))
    with pytest.raises(ValueError, match="outputs are fc_output"):
        dense()["fc"]


def test_a_wrong_call_names_operator_arguments_and_line() -> None:
    with pytest.raises(MXNetError, match=r"(?s)\[FullyConnected\] Cannot find argument 'foo'.*test_symbol.py:\d+"):
        dense(foo=3)
    with pytest.raises(AssertionError, match=r"\[relu\] Argument data must be Symbol instances, but got 1"):
        sym.relu(1)
    with pytest.raises(AssertionError, match="Argument data must be Symbol"):
        sym.relu(nd.zeros(2))
    with pytest.raises(AssertionError, match="must have NDArray type, but got <Symbol x>"):
        nd.relu(sym.var("x"))
    with pytest.raises(TypeError, match="it takes 2 symbols, but got one more: <Symbol x>"):
        sym.elemwise_add(*[sym.var("x")] * 3)
    with pytest.raises(MXNetError, match="choose one of its 3 outputs"):
        sym.relu(sym.split(sym.var("x"), num_outputs=3))


def test_what_arrays_alone_have() -> None:
    with pytest.raises(NotImplementedForSymbol, match="asnumpy is not implemented for Symbol"):
        sym.var("x").asnumpy()
    with pytest.raises(AttributeError, match="infer_shape says"):
        _ = sym.var("x").shape
    with pytest.raises(AttributeError, match="no attribute 'foo'"):
        _ = sym.var("x").foo
    x = sym.var("x")
    with pytest.raises(NotImplementedForSymbol, match=r'operator "\+="\) with arguments \(<class \'int\'>\)'):
        x += 1


def test_lists_of_symbols_and_extents_by_place() -> None:
    x = sym.var("x")
    assert sym.concat([x, x], dim=0).list_attr() == {"num_args": "2", "dim": "0"}
    assert x.reshape(2, 3).list_attr() == x.reshape((2, 3)).list_attr() == {"shape": "(2, 3)"}
    assert x.transpose(1, 0).list_attr() == {"axes": "(1, 0)"}
    assert sym.Group(x) is not x and sym.Group(x).list_outputs() == ["x"]
    assert x.num_outputs == 1


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_are_alike_and_their_own(again: Any) -> None:
    out, _ = sym.contrib.foreach(lambda r, s: (r * sym.var("w"), s + r), sym.var("x"), sym.var("s"))
    net = sym.Group([sym.BatchNorm(dense(lr_mult=2), name="bn"), out, sym.topk(sym.var("x"), ret_typ="both")])
    made = again(net)
    assert made.list_inputs() == net.list_inputs() and made.attr_dict() == net.attr_dict()
    assert made.list_auxiliary_states() == net.list_auxiliary_states()
    shapes: dict[str, Any] = {"data": (2, 3), "x": (3, 2)}
    assert made.infer_shape(**shapes) == net.infer_shape(**shapes)
    made[0]._set_attr(lr_mult="7")
    assert net[0].attr("lr_mult") is None and made[0].attr("lr_mult") == "7"


def test_symbols_are_not_changed_by_what_is_made_of_them() -> None:
    net = dense()
    before = net.debug_str()
    net(data=sym.relu(net), name="other")
    sym.relu(net)
    assert net.debug_str() == before
    with pytest.raises(MXNetError):
        net._set_attr(num_hidden="many")
    assert net.list_attr() == {"num_hidden": "4"}
    net._set_attr(num_hidden="5")
    assert net.infer_shape(data=(2, 3))[1] == [(2, 5)]


def test_names_belong_to_the_thread() -> None:
    found: list[Any] = []

    def work() -> None:
        found.extend((sym.var("x") + 1).name for _ in range(2))

    with lazynd.name.NameManager():
        (sym.var("x") + 1)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert found == ["_plusscalar0", "_plusscalar1"]


def test_initial_values_of_any_kind_are_noted() -> None:
    class Mine:
        def dumps(self) -> str:
            return '["mine", {}]'

    assert sym.var("w", init=Mine()).attr("__init__") == '["mine", {}]'


def test_an_empty_loop_over_shapes_ends() -> None:
    """Two that say different things of one variable are refused, and nothing runs for ever."""
    x = sym.var("x")
    net = sym.Group([x + sym.var("y"), sym.dot(x, sym.var("z"))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert net.infer_shape(y=(2, 3)) == (None, None, None)
    assert net.infer_shape_partial(y=(2, 3))[0] == [(2, 3), (2, 3), ()]
    with pytest.raises(MXNetError, match="Error in operator dot"):
        net.infer_shape(y=(2, 3), z=(4, 5))


def test_mxnets_names_of_the_modules() -> None:
    code = (
        "import lazynd; lazynd.as_mxnet(); import mxnet as mx; import mxnet.symbol as symbol; "
        "from mxnet.symbol.symbol import Symbol; from mxnet.sym import contrib; import mxnet.symbol.random; "
        "assert symbol is mx.sym is mx.symbol and Symbol is mx.sym.Symbol and contrib is symbol.contrib; "
        "assert isinstance(mx.sym.var('x'), mx.symbol.Symbol)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_symbol_that_holds_a_number_beyond_float32_keeps_it() -> None:
    """Parameters are kept as the text that was given, so that nothing is rounded on the way."""
    net = sym.var("x") * 0.1 + 1e-30
    assert net.list_attr() == {"scalar": "1e-30"}
    found = sym.evaluate(net, {"x": nd.array([3], dtype="float64")})[0]
    assert found.asnumpy().tolist() == [3 * 0.1 + 1e-30]
    assert (sym.var("x") * float("inf")).list_attr() == {"scalar": "inf"}


def test_dtypes_of_every_kind_are_noted_and_read() -> None:
    for dtype in ("float16", "bfloat16", "float64", "int8", "int32", "int64", "uint8", "bool"):
        assert sym.var("x", dtype=dtype).infer_type()[1][0] is lazynd.ir.types.as_dtype(dtype).type
        assert sym.cast(sym.var("x"), dtype=dtype).list_attr() == {"dtype": dtype}
