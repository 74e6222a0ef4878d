"""What follows for the shapes and dtypes of a call from some of them, against MXNet's answers and the bodies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lazynd.ir.errors import OperatorError
from lazynd.ir.types import Context, Type, as_dtype
from lazynd.ops import OPERATORS, Operator, find, infer_dtypes, infer_shapes, infer_types
from lazynd.ops.partial import DTypes, Shapes, same

from ..goldens import inferred
from ..goldens.inferred import Question

SHAPES, DTYPES = inferred.load("shapes"), inferred.load("dtypes")
#: The operators that are asked about; ``Custom`` is no operator here, but runs a Python class.
ASKED = {
    "shapes": list(dict.fromkeys(q.operator for q in SHAPES)),
    "dtypes": list(dict.fromkeys(q.operator for q in DTYPES if find(q.operator))),
}
EVERY = [o for o in {id(o): o for o in OPERATORS.values()}.values() if not o.shorthand and o.samples is not None]

#: Where MXNet takes an open extent for 0 (the sum of one known part and an open one is that part) or for -1 (the number
#: of an RNN's parameters, a product), its answer is wrong: nothing is compared but that we do not contradict what is
#: known.
OPEN_IS_MISREAD = ("Concat", "_rnn_param_concat", "RNN", "khatri_rao")
#: The open extent must be one that another input has, or (``Pad``) MXNet adds to it as if it were -1: of the results
#: nothing follows here.
NOT_FROM_OPEN = ("CTCLoss", "Crop", "Pad", "UpSampling", "_contrib_MultiBoxDetection")
#: MXNet writes over a wrong shape of a parameter, or leaves the result open, and fails later: a call that cannot run is
#: refused here.
UNCHECKED = (
    "BatchNorm", "GroupNorm", "IdentityAttachKLSparseReg", "InstanceNorm", "_contrib_BatchNormWithReLU",
    "_contrib_SyncBatchNorm", "_sample_gamma",
    "_sample_generalized_negative_binomial", "_sample_negative_binomial", "_sample_normal", "_sample_uniform", "where",
)  # fmt: skip
#: Calls that cannot run, of which MXNet says nothing when asked.
IMPOSSIBLE = {
    ("LeakyReLU", "2x3x4 4"), ("Reshape", "2x3x5"), ("_linalg_potrf", "2x3"), ("_linalg_potri", "3x4"),
    ("where", "2x4 2x3 2x3"), ("_adamw_update", "3x4 3x4 3x4 3x4 2"),
    *(("_mp_adamw_update", f"3x4 3x4 {states}") for states in (
        "3x5 3x4 3x4 1", "3x4 3x5 3x4 1", "3x4 3x4 3x5 1", "3x4 3x4 3x4 2")),
}  # fmt: skip
#: MXNet says float32 (``mp_lamb_update_phase1``: float16 too) where nothing is known; whoever asks here takes float32.
DEFAULT_DTYPE = (
    "Crop", "IdentityAttachKLSparseReg", "InstanceNorm", "_contrib_MultiBoxDetection", "_contrib_MultiBoxPrior",
    "_contrib_MultiBoxTarget", "_contrib_MultiProposal", "_contrib_Proposal", "mp_lamb_update_phase1",
)  # fmt: skip
#: Updates of many arrays at once, which are called with arrays alone: nothing is said of what is open.
WITHOUT_DTYPES = ("multi_mp_", "preloaded_multi_")


def opened(shape: Any) -> Any:
    """A shape of the goldens, in which 0 is open, as one of ours."""
    return None if shape is None else tuple(n or None for n in shape)


def refines(found: Any, expected: Any) -> bool:
    """Whether ``found`` says all that ``expected`` does."""
    if expected is None or found is None or not isinstance(expected, tuple):
        return expected is None or found == expected
    return len(found) == len(expected) and all(b is None or a == b for a, b in zip(found, expected, strict=True))


def told(question: Question) -> str:
    return f"{question.operator} {dict(question.attributes)} {inferred._pair(question.inputs, question.outputs)}"


def operator_of(question: Question) -> Operator:
    found = find(question.operator)
    assert found is not None
    return found


def ask(question: Question) -> tuple[list[Any], list[Any]]:
    inputs, outputs = map(opened, question.inputs), map(opened, question.outputs or ())
    known = infer_shapes(operator_of(question), list(inputs), question.attributes, list(outputs))
    return known.inputs, known.outputs


@pytest.mark.parametrize("operator", ASKED["shapes"])
def test_shapes_follow_as_in_mxnet(operator: str) -> None:
    for question in SHAPES:
        if question.operator == operator and question.answer is not None:
            compare(question, *(list(map(opened, part)) for part in question.answer))


def compare(question: Question, expected_inputs: list[Any], expected_outputs: list[Any]) -> None:
    given = list(map(opened, question.inputs))
    whole = all(shape is not None and None not in shape for shape in given)
    overwritten = None in expected_outputs or not all(map(refines, expected_inputs, given))
    if whole and overwritten and question.operator in UNCHECKED:
        with pytest.raises(OperatorError):
            ask(question)
        return
    try:
        found_inputs, found_outputs = ask(question)
    except OperatorError:
        assert whole and (question.operator, inferred._pair(question.inputs, None)) in IMPOSSIBLE, told(question)
        return
    if question.operator in (*OPEN_IS_MISREAD, *NOT_FROM_OPEN) and not whole:
        assert all(map(refines, found_inputs, given)), told(question)
        return
    found = [*found_inputs, *found_outputs, *[None] * (len(expected_outputs) - len(found_outputs))]
    expected = [*expected_inputs, *expected_outputs]
    assert all(map(refines, found, expected)), f"{told(question)}: {found}, MXNet has {expected}"
    if not any(shape is not None and None in shape for shape in given):
        assert found == expected, f"{told(question)}: from whole shapes MXNet infers all that follows"


@pytest.mark.parametrize("operator", ASKED["shapes"])
def test_what_mxnet_refuses_is_refused(operator: str) -> None:
    """What contradicts itself; MXNet also refuses much of what is only open, which is no contradiction."""
    for question in SHAPES:
        whole = all(shape is not None and 0 not in shape for shape in question.inputs) and question.outputs is None
        if question.operator == operator and question.answer is None and whole:
            with pytest.raises(OperatorError):
                ask(question)


def test_the_goldens_are_about_every_operator_that_infers_inputs() -> None:
    """An operator of which MXNet infers an input has a rule, and each of the inputs that MXNet infers follows."""
    inferring = set()
    for question in SHAPES:
        pairs = zip(question.inputs, question.answer[0] if question.answer else [], strict=False)
        if any(found and 0 not in found and known is None for known, found in pairs):
            inferring.add(question.operator)
    assert all(operator_of(q).shapes is not None for q in SHAPES if q.operator in inferring)
    layers = {
        "BatchNorm", "Convolution", "Deconvolution", "Embedding", "FullyConnected", "GroupNorm",
        "IdentityAttachKLSparseReg", "InstanceNorm", "LayerNorm", "LeakyReLU", "LinearRegressionOutput",
        "LogisticRegressionOutput", "MAERegressionOutput", "RNN", "SVMOutput", "SoftmaxOutput",
        "_contrib_BatchNormWithReLU", "_contrib_DeformableConvolution", "_contrib_ModulatedDeformableConvolution",
        "_contrib_SyncBatchNorm",
    }  # fmt: skip
    assert layers <= inferring
    assert {"SequenceLast", "SequenceMask", "SequenceReverse", "pick", "softmax", "where", "elemwise_add"} <= inferring


@pytest.mark.parametrize("operator", ASKED["dtypes"])
def test_dtypes_follow_as_in_mxnet(operator: str) -> None:
    found = find(operator)
    assert found is not None
    if any(name in operator for name in WITHOUT_DTYPES):
        assert found.dtypes is None
        return
    for question in DTYPES:
        if question.operator == operator and question.answer is not None:
            inputs, outputs = ([None if each is None else as_dtype(each) for each in part] for part in question.answer)
            given = [None if each is None else as_dtype(each) for each in question.inputs]
            known = infer_dtypes(found, given, question.attributes, [None] * len(outputs))
            if operator not in DEFAULT_DTYPE or None not in given:
                assert all(map(refines, [*known.inputs, *known.outputs], [*inputs, *outputs])), told(question)


def of_samples(operator: Operator) -> list[tuple[tuple[Type, ...], dict[str, Any], tuple[Type, ...]]]:
    """The types of the inputs of an operator's samples, the attributes, and the types of the results."""
    assert operator.samples is not None
    found = []
    for arrays, attributes in operator.samples(np.random.default_rng(0)):
        types = tuple(Type(np.shape(a), np.asarray(a).dtype) for a in arrays)
        found.append((types, attributes, operator.results(operator.bind(types, attributes)[0])))
    return found


@pytest.mark.parametrize("operator", EVERY, ids=lambda o: o.name)
def test_rules_agree_with_bodies(operator: Operator) -> None:
    """On the samples: nothing is contradicted, and what a rule fills in for an input makes a call with this result."""
    for types, attributes, results in of_samples(operator):
        dtypes = [t.dtype for t in types]
        known = infer_shapes(operator, [t.shape for t in types], attributes, dtypes=dtypes)
        assert known.inputs == [t.shape for t in types]
        assert known.outputs == [t.shape for t in results]
        found = infer_dtypes(operator, dtypes, attributes, [None] * len(results)).outputs
        assert all(map(refines, (t.dtype for t in results), found)), (found, results)
        for left_open in range(len(types)):
            partly = [None if i == left_open else t.shape for i, t in enumerate(types)]
            shape = infer_shapes(operator, partly, attributes, dtypes=dtypes).inputs[left_open]
            if shape is not None and None not in shape:
                made = [t.with_shape(shape) if i == left_open else t for i, t in enumerate(types)]
                assert operator.results(operator.bind(tuple(made), attributes)[0]) == results


@pytest.mark.parametrize("operator", EVERY, ids=lambda o: o.name)
def test_what_follows_from_some_extents_holds_for_all(operator: Operator) -> None:
    """With one extent of one input left open, nothing follows that the whole call contradicts."""
    for types, attributes, results in of_samples(operator):
        shapes, dtypes = [t.shape for t in types], [t.dtype for t in types]
        for number, shape in enumerate(shapes):
            for axis in range(len(shape)):
                partly = [*shapes[:number], (*shape[:axis], None, *shape[axis + 1 :]), *shapes[number + 1 :]]
                known = infer_shapes(operator, partly, attributes, dtypes=dtypes)
                assert all(map(refines, shapes, known.inputs)), (partly, known.inputs)
                assert all(map(refines, (t.shape for t in results), known.outputs)), (partly, known.outputs)


def dense(*inputs: Any, **attributes: Any) -> Shapes:
    return infer_shapes(OPERATORS["FullyConnected"], list(inputs), {"num_hidden": 5, **attributes})


def test_a_call_has_the_inputs_that_its_attributes_say() -> None:
    assert dense((2, 3), None, None).names == ("data", "weight", "bias")
    assert dense((2, 3), None, no_bias="True").names == ("data", "weight")
    with pytest.raises(OperatorError, match="Operator FullyConnected expects 2 inputs, but got 3 instead"):
        dense((2, 3), None, None, no_bias=True)
    rnn = {"state_size": 2, "num_layers": 1, "mode": "gru", "use_sequence_length": True}
    given = OPERATORS["RNN"].canonical(rnn)
    assert OPERATORS["RNN"].names_of(given, 4) == ("data", "parameters", "state", "sequence_length")
    assert OPERATORS["Concat"].names_of(OPERATORS["Concat"].canonical({}), 2) == ("data0", "data1")


def test_contradictions_say_what_mxnet_says() -> None:
    with pytest.raises(
        OperatorError, match=r"Shape inconsistent, Provided = \[5,4\], inferred shape=\[5,3\] for weight"
    ):
        dense((2, 3), (5, 4), None)
    with pytest.raises(OperatorError, match=r"at 1-th input: expected \[2,-1\], got \[3,4\]"):
        infer_shapes(OPERATORS["elemwise_add"], [(2, None), (3, 4)], {})
    with pytest.raises(OperatorError, match=r"at 1-th input: expected float32, got float64"):
        infer_dtypes(OPERATORS["elemwise_add"], [np.dtype("float32"), np.dtype("float64")], {})
    half = [np.dtype("float16"), np.dtype("float16"), None, None, None]
    with pytest.raises(OperatorError, match=r"Expected 'float32' v\.s\. given 'float16' at 'gamma'"):
        infer_dtypes(OPERATORS["BatchNorm"], half, {})


def test_types_of_a_whole_call() -> None:
    data = Type((2, 3, 4), np.dtype("float16"), Context("cpu", 1))
    inputs, outputs = infer_types(OPERATORS["BatchNorm"], [data, None, None, None, None], {})
    assert inputs[0] is data
    assert inputs[1:] == (Type((3,), np.dtype("float32"), Context("cpu", 1)),) * 4
    assert outputs == (data,)
    with pytest.raises(OperatorError, match="the shape of data does not follow: it is known as None"):
        infer_types(OPERATORS["FullyConnected"], [None, Type((5, 3), np.dtype("float32")), None], {"num_hidden": 5})


def test_an_empty_array_is_no_open_one() -> None:
    """An extent of 0 is known: None, not 0, is open."""
    known = infer_shapes(OPERATORS["exp"], [(0, 3)], {})
    assert known.outputs == [(0, 3)]
    assert infer_shapes(OPERATORS["exp"], [(None, 3)], {}).outputs == [(None, 3)]


def test_rules_are_applied_until_nothing_follows() -> None:
    """What the result tells the data, the data tells the weight: one asking finds both."""
    known = infer_shapes(OPERATORS["stack"], [None, None, (2, None)], {}, [(None, 2, 3)])
    assert known.inputs == [(2, 3)] * 3 and known.outputs == [(3, 2, 3)]
    made = DTypes(["a", "b"], [None, np.dtype("int8")], [None, None])
    same(made)
    assert set(made.inputs + made.outputs) == {np.dtype("int8")}


def results_of(name: str, *inputs: Any, **attributes: Any) -> list[Any]:
    return infer_shapes(OPERATORS[name], list(inputs), attributes).outputs


def test_an_open_batch_goes_through_a_network() -> None:
    (made,) = results_of("Convolution", (None, 3, 8, 8), None, None, kernel=(3, 3), num_filter=4)
    (made,) = results_of("BatchNorm", made, None, None, None, None)
    (made,) = results_of("Pooling", made, kernel=(2, 2), stride=(2, 2), pool_type="max")
    assert made == (None, 4, 3, 3)
    (made,) = results_of("Flatten", made)
    assert results_of("FullyConnected", made, None, None, num_hidden=5) == [(None, 5)]
    assert results_of("sum", (None, 2, 3), axis=1) == [(None, 3)]


def test_what_depends_on_an_open_extent_is_open() -> None:
    """Also where it is cut at a bound, which it may not reach."""
    assert results_of("slice", (None, 4), begin=(0, 0), end=(5, 2)) == [(None, 2)]
    assert results_of("slice", (None, 4), begin=(0, 0), end=(500, 2)) == [(None, 2)]
    assert results_of("Reshape", (None, 4), shape=(-1, 2)) == [(None, 2)]
    assert results_of("broadcast_add", (None, 3), (2, 1)) == [(None, 3)], "as MXNet says"
    assert results_of("broadcast_add", (None, 3), (1, 3)) == [(None, 3)]
    assert results_of("shape_array", (None, 3)) == [(2,)]


def test_nothing_follows_where_one_is_refused() -> None:
    """A diagonal below the first is as long as all columns once there are rows enough: with few there are less."""
    assert results_of("diag", (None, 4), k=-2) == []
    assert results_of("diag", (5, 4), k=-1) == [(4,)]
    assert results_of("squeeze", (None, 4)) == [None]


#: What is known of ``data`` and ``shape_like``, the axes, and what follows for the result of ``slice_like``.
SLICED: list[tuple[Any, Any, tuple[int, ...], Any]] = [
    ((None, 5), (2, 3), (), (2, 3)),
    ((None, 5), (2, 3), (0,), (2, 5)),
    ((None, 5), (2, 3), (1,), (None, 3)),
    ((4, 5), (None, 3), (), (None, 3)),
    ((4, 5), (None, 3), (-1,), (4, 3)),
    ((None, None), (None, 3), (0,), (None, None)),
    ((None, 5, 6), (2,), (0,), (2, 5, 6)),
    ((4, 5), None, (0,), None),
    (None, (2, 3), (0,), None),
]


@pytest.mark.parametrize(("data", "shape_like", "axes", "result"), SLICED)
def test_slice_like_follows_from_open_extents(data: Any, shape_like: Any, axes: Any, result: Any) -> None:
    known = infer_shapes(OPERATORS["slice_like"], [data, shape_like], {"axes": axes})
    assert known.inputs == [data, shape_like] and known.output() == result


def test_slice_like_refuses_what_is_too_short_also_where_another_extent_is_open() -> None:
    for data, axes in (((1, None), (0,)), ((1, 5), ()), ((None, 2), (1,))):
        with pytest.raises(OperatorError, match="is shorter"):
            infer_shapes(OPERATORS["slice_like"], [data, (2, 3)], {"axes": axes})


#: Attributes, what is known of data, and the label: one class for each softmax, which the body takes.
LABELS: list[tuple[dict[str, Any], Any, Any]] = [
    ({}, (2, 3, 4), (2,)),
    ({}, (2, 3, 4, 5), (2,)),
    ({}, (2, 3), (2,)),
    ({"preserve_shape": True}, (2, 3, 4), (2, 3)),
    ({"multi_output": True}, (2, 3, 4), (2, 4)),
    ({"multi_output": True}, (2, 3, 4, 5), (2, 20)),
    ({}, (None, 3, 4), (None,)),
]


@pytest.mark.parametrize("name", ["SoftmaxOutput", "SVMOutput"])
@pytest.mark.parametrize(("attributes", "data", "label"), LABELS)
def test_labels_follow_that_the_heads_take(name: str, attributes: dict[str, Any], data: Any, label: Any) -> None:
    """MXNet has a class for each element of ``shape[:-1]``, of which it reads the first ones."""
    if name == "SVMOutput" and attributes:
        return
    known = infer_shapes(OPERATORS[name], [data, None], attributes)
    assert known["label"] == label and known.output() == data


def test_learning_float64_is_news() -> None:
    """NumPy says that None equals float64, which must not end the search."""
    known = DTypes(["data"], [None])
    known.learn("data", np.dtype("float64"))
    assert known.news == 1
    known.learn("data", np.dtype("float64"))
    assert known.news == 1


def test_weights_of_both_directions_that_are_open_are_alike() -> None:
    parameters = OPERATORS["_rnn_param_concat"]
    known = infer_shapes(parameters, [(None,), (16,), (None,), (16,)], {"dim": 0, "num_args": 4}, [(48,)])
    assert known.inputs == [(8,), (16,), (8,), (16,)]
    known = infer_shapes(parameters, [(None,), (16,), (None,), (16,)], {"dim": 0, "num_args": 4}, [(49,)])
    assert known.inputs == [(None,), (16,), (None,), (16,)]
