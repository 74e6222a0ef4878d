"""Parameters and dictionaries of them: initialisation, contexts, sharing, messages, copies."""

from __future__ import annotations

import copy
import pathlib
import pickle
from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import autograd, gluon, nd
from lazynd.gluon import Constant, DeferredInitializationError, Parameter, ParameterDict

#: Programs run in the interpreter: nothing here is about what is compiled.
pytestmark = pytest.mark.usefixtures("on_numpy")

CPUS = [lazynd.cpu(0), lazynd.cpu(1)]


def made(**options: Any) -> Parameter:
    weight = Parameter("w", **{"shape": (2, 3), **options})
    weight.initialize()
    return weight


def test_what_is_not_initialised_says_so() -> None:
    weight = Parameter("w", shape=(2, 3))
    assert repr(weight) == "Parameter w (shape=(2, 3), dtype=<class 'numpy.float32'>)"
    for ask in (weight.data, weight.grad, weight.list_data, weight.list_grad):
        with pytest.raises(RuntimeError, match=r"Parameter 'w' has not been initialized. Note that you should"):
            ask()
    with pytest.raises(RuntimeError, match=r"^Parameter 'w' has not been initialized$"):
        weight.list_ctx()
    with pytest.raises(ValueError, match=r"Cannot reset context for Parameter 'w' because it has not been"):
        weight.reset_ctx(lazynd.cpu(1))
    with pytest.raises(AssertionError, match=r"Parameter 'w' has not been initialized"):
        weight.set_data(nd.ones((2, 3)))
    weight.zero_grad()


def test_what_waits_for_its_shape_says_so() -> None:
    weight = Parameter("w", shape=(0, 3), allow_deferred_init=True)
    weight.initialize(ctx=CPUS)
    assert weight.list_ctx() == CPUS
    for ask in (weight.data, weight.grad, weight.list_data, weight.list_grad):
        with pytest.raises(DeferredInitializationError, match=r"because initialization was deferred"):
            ask()
    weight.set_data(nd.ones((4, 3)))
    assert weight.shape == (4, 3)
    weight._finish_deferred_init()
    assert weight.data(CPUS[1]).asnumpy().sum() == 12


@pytest.mark.parametrize("shape", [None, (0, 3), (-1, 3)])
def test_a_shape_that_may_not_wait_is_refused(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"Cannot initialize Parameter 'w' because it has invalid shape"):
        Parameter("w", shape=shape).initialize()


def test_initialising_again_is_ignored_with_a_warning() -> None:
    weight = made(init="ones")
    with pytest.warns(UserWarning, match=r"Parameter 'w' is already initialized, ignoring"):
        weight.initialize("zeros")
    assert weight.data().asnumpy().all()
    weight.initialize("zeros", force_reinit=True)
    assert not weight.data().asnumpy().any()


def test_its_own_initializer_counts_before_the_default_and_after_the_given_one() -> None:
    one = Parameter("w", shape=(2,), init="ones")
    one.initialize(default_init=lazynd.init.Zero())
    other = Parameter("w", shape=(2,), init="ones")
    other.initialize("zeros")
    assert one.data().asnumpy().all() and not other.data().asnumpy().any()


def test_shapes_are_filled_in_and_not_changed() -> None:
    weight = Parameter("w", shape=(2, 0))
    weight.shape = (2, 5)
    for wrong in ((2, 4), (2,)):
        with pytest.raises(AssertionError, match=r"is incompatible with given shape"):
            weight.shape = wrong
    with pytest.raises(AssertionError, match=r"Expected shape \(3, 2\) is incompatible with given shape \(2, 3\)"):
        made().set_data(nd.ones((3, 2)))


@pytest.mark.parametrize("request_", ["write", "add"])
def test_gradients_are_written_or_added(request_: str) -> None:
    weight = made(grad_req=request_)
    for _ in range(2):
        with autograd.record():
            loss = (weight.data() * 3).sum()
        loss.backward()
    assert (weight.grad().asnumpy() == (3 if request_ == "write" else 6)).all()
    weight.zero_grad()
    assert not weight.grad().asnumpy().any()


def test_requests_can_change() -> None:
    weight = made(grad_req="null")
    with pytest.raises(RuntimeError, match=r"Cannot get gradient array for Parameter 'w' because grad_req='null'"):
        weight.grad()
    weight.grad_req = "write"
    with autograd.record():
        loss = weight.data().sum()
    loss.backward()
    assert weight.grad().asnumpy().all()
    weight.grad_req = "null"
    with pytest.raises(RuntimeError, match=r"grad_req='null'"):
        weight.list_grad()
    with autograd.record():
        loss = weight.data().sum()
    with pytest.raises(lazynd.MXNetError):
        loss.backward()
    with pytest.raises(AssertionError, match=r"grad_req must be one of 'write', 'add', or 'null', but got 'x'"):
        weight.grad_req = "x"
    still = made(differentiable=False)
    still.grad_req = "write"
    assert still.grad_req == "null"


@pytest.mark.parametrize("name", ["stype", "grad_stype"])
def test_storage_types_are_named(name: str) -> None:
    with pytest.raises(AssertionError, match=rf"^{name} for Parameter 'w' must be one of 'default'"):
        Parameter("w", shape=(2,), **{name: "dense"})  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match=r"because its storage type is default. Please use data"):
        made().row_sparse_data(nd.array([0]))
    assert made(stype="row_sparse").row_sparse_data(nd.array([0])).shape == (2, 3)


def test_copies_on_several_contexts() -> None:
    weight = Parameter("w", shape=(2,))
    weight.initialize(ctx=CPUS)
    assert [each.context for each in weight.list_data()] == CPUS == [each.context for each in weight.list_grad()]
    assert weight.data().context == CPUS[0], "that of the current context"
    assert weight.data(lazynd.Context("cpu_pinned", 1)).context == CPUS[1], "pinned memory is the host's"
    with pytest.raises(
        RuntimeError, match=r"was not initialized on context cpu\(2\). It was only initialized on \[cpu"
    ):
        weight.data(lazynd.cpu(2))
    weight.data(CPUS[0])[:] = 2
    weight.data(CPUS[1])[:] = 4
    weight.reset_ctx(lazynd.cpu(3))
    assert weight.list_ctx() == [lazynd.cpu(3)]
    assert (weight.data().asnumpy() == 3).all(), "the mean"
    weight.set_data(nd.array([1, 2]))
    assert weight.data().asnumpy().tolist() == [1, 2]


def test_casting_converts_values_and_gradients() -> None:
    weight = made(init="ones")
    weight.cast("float16")
    assert weight.dtype == "float16" and weight.data().dtype == np.float16 == weight.grad().dtype
    weight.dtype = "float64"
    assert weight.data().dtype == np.float64 and weight.data().asnumpy().all()


def test_constants() -> None:
    constant = Constant("c", [[1, 2], [3, 4]])
    assert repr(constant) == "Constant c (shape=(2, 2), dtype=<class 'numpy.float32'>)"
    constant.initialize(default_init=lazynd.init.One())
    assert constant.data().asnumpy().tolist() == [[1, 2], [3, 4]]
    with pytest.warns(UserWarning, match='Constant parameter "c" does not support grad_req other than "null"'):
        constant.grad_req = "write"
    with pytest.raises(RuntimeError, match=r"grad_req='null'"):
        constant.grad()
    assert Constant("c", nd.array([1, 2], dtype="int32")).dtype == np.int32


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_parameters_are_copied_with_values_and_gradients(copied: Any) -> None:
    weight = Parameter("w", shape=(2,), init="ones", lr_mult=3)
    weight.initialize(ctx=CPUS)
    other = copied(weight)
    other.data(CPUS[1])[:] = 5
    assert weight.data(CPUS[1]).asnumpy().tolist() == [1, 1], "it is apart"
    assert other.list_ctx() == CPUS and other.lr_mult == 3 and other.data(CPUS[0]).asnumpy().tolist() == [1, 1]
    with autograd.record():
        loss = (other.data(CPUS[1]) * 2).sum()
    loss.backward()
    assert other.grad(CPUS[1]).asnumpy().tolist() == [2, 2]
    assert other.data(CPUS[1]).grad.asnumpy().tolist() == [2, 2]
    waiting = Parameter("w", shape=(0,), init="ones", allow_deferred_init=True)
    waiting.initialize()
    other = copied(waiting)
    other.shape = (3,)
    other._finish_deferred_init()
    assert other.data().asnumpy().tolist() == [1, 1, 1]


# ---------------------------------------------------------------------------------------------------- dictionaries


def test_a_dictionary_makes_what_it_has_not() -> None:
    params = ParameterDict("net_")
    assert repr(params) == "net_ (\n\n)" and repr(ParameterDict()) == "(\n\n)"
    weight = params.get("w", shape=(2, 0))
    assert params.get("w", shape=(0, 5)) is weight and weight.shape == (2, 5)
    assert params.get("w", init="ones") is weight and weight.init == "ones"
    assert repr(params) == "net_ (\n  Parameter net_w (shape=(2, 5), dtype=<class 'numpy.float32'>)\n)"
    assert list(params) == ["net_w"] == list(params.keys()) and list(params.values()) == [weight]
    assert params["net_w"] is weight and "net_w" in params and "w" not in params
    with pytest.raises(KeyError):
        params["w"]
    for attribute, wanted, stored in (
        ("shape", (3, 5), "(2, 5)"), ("dtype", "float64", "<class 'numpy.float32'>"), ("grad_req", "null", "write"),
    ):  # fmt: skip
        with pytest.raises(AssertionError) as caught:
            params.get("w", **{attribute: wanted})
        assert str(caught.value) == (
            "Cannot retrieve Parameter 'net_w' because desired attribute does not match with stored for attribute "
            f"'{attribute}': desired '{wanted}' vs stored '{stored}'."
        )


def test_constants_of_a_dictionary() -> None:
    params = ParameterDict("net_")
    params.get("w", shape=(1,))
    with pytest.raises(KeyError, match=r"No constant named 'net_k'. Please specify value"):
        params.get_constant("k")
    constant = params.get_constant("k", [1, 2])
    assert params.get_constant("k") is constant is params.get_constant("k", np.array([1, 2]))
    with pytest.raises(AssertionError, match=r"Constant 'net_k' already exists"):
        params.get_constant("k", [1, 3])
    with pytest.raises(AssertionError, match=r"Parameter 'net_w' already exists but it is not a constant"):
        params.get_constant("w", [1])


def test_sharing_takes_parameters_of_the_same_name() -> None:
    params = ParameterDict("net_")
    weight = params.get("w", shape=(1,))
    assert ParameterDict("net_", shared=params).get("w") is weight
    assert ParameterDict("other_", shared=params).get("w") is not weight


def test_updating_refuses_another_parameter_of_the_same_name() -> None:
    one, other = ParameterDict("a_"), ParameterDict("a_")
    one.get("x", shape=(1,))
    other.update(one)
    assert list(other) == ["a_x"]
    different = ParameterDict("a_")
    different.get("x")
    with pytest.raises(AssertionError, match=r"they have different Parameters with the same name 'a_x'"):
        other.update(different)


def test_attributes_contexts_and_gradients_of_all() -> None:
    params = gluon.nn.Dense(2, in_units=3).collect_params()
    params.initialize(ctx=CPUS)
    assert params.list_ctx() == CPUS
    params.setattr("lr_mult", 0.5)
    assert {each.lr_mult for each in params.values()} == {0.5}
    params.reset_ctx(lazynd.cpu(2))
    params.zero_grad()
    assert params.list_ctx() == [lazynd.cpu(2)]


def saved(folder: pathlib.Path) -> pathlib.Path:
    params = ParameterDict("net_")
    params.get("w", shape=(2, 5), init="ones")
    params.get_constant("k", [1, 2])
    params.initialize()
    params.save(folder / "d.params", strip_prefix="net_")
    assert {name: each.shape for name, each in nd.load(folder / "d.params").items()} == {"w": (2, 5), "k": (2,)}  # type: ignore[union-attr]
    with pytest.raises(ValueError, match=r"Prefix 'x_' is to be striped before saving, but Parameter's name 'net_w'"):
        params.save(folder / "e.params", strip_prefix="x_")
    return folder / "d.params"


def test_loading(tmp_path: pathlib.Path) -> None:
    file = saved(tmp_path)
    params = ParameterDict("net_")
    params.get("w", shape=(2, 0))
    with pytest.raises(
        AssertionError, match=r"Parameter 'net_w' is missing in file: .*, which contains parameters: 'w'"
    ):
        params.load(file)
    with pytest.raises(
        AssertionError, match=r"Parameter 'k' loaded from file: .* is not present in ParameterDict, choices"
    ):
        params.load(file, restore_prefix="net_")
    with pytest.raises(AssertionError, match=r"restore_prefix is 'x_' but Parameters name 'net_w' does not start with"):
        params.load(file, restore_prefix="x_")
    params.load(file, restore_prefix="net_", ignore_extra=True, ctx=lazynd.cpu(1))
    assert params["net_w"].data().asnumpy().sum() == 10 and params.list_ctx() == [lazynd.cpu(1)]
    params.get("z", shape=(1,))
    with pytest.raises(AssertionError, match=r"Parameter 'z' is missing in file"):
        params.load(file, restore_prefix="net_", ignore_extra=True)
    params.load(file, restore_prefix="net_", ignore_extra=True, allow_missing=True)


def test_loading_checks_shapes_dtypes_and_contexts(tmp_path: pathlib.Path) -> None:
    file = saved(tmp_path)

    def into(ctx: Any = None, cast: str | None = None, **options: Any) -> Parameter:
        params = ParameterDict("net_")
        weight = params.get("w", **options)
        weight.initialize()
        casts = {} if cast is None else {"cast_dtype": True, "dtype_source": cast}
        params.load(file, ctx, ignore_extra=True, restore_prefix="net_", **casts)  # type: ignore[arg-type]
        return weight

    with pytest.raises(AssertionError, match=r"shape incompatible expected \(2, 6\) vs saved \(2, 5\)"):
        into(shape=(2, 6))
    with pytest.raises(AssertionError, match=r"dtype incompatible expected float64 vs saved <class 'numpy.float32'>"):
        into(shape=(2, 5), dtype="float64")
    with pytest.raises(AssertionError, match=r"on \[cpu\(1\)\] because it was previous initialized on \[cpu\(0\)\]"):
        into(lazynd.cpu(1), shape=(2, 5))
    with pytest.raises(AssertionError, match=r"dtype_source must be 'current' or 'saved', but got 'x'"):
        into(shape=(2, 5), dtype="float64", cast="x")
    assert into(shape=(2, 5), dtype="float64", cast="current").data().dtype == np.float64
    weight = into(shape=(2, 5), dtype="float64", cast="saved")
    assert weight.data().dtype == np.float32 == weight.dtype
