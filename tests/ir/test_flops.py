"""Floating-point operations of operators, against counts by hand."""

from __future__ import annotations

from typing import Any

import pytest

from lazynd.ir import build as ir
from lazynd.ir.control import as_graph, cond, scan, while_
from lazynd.ir.derived import GraphOp, as_operator
from lazynd.ir.flops import flops
from lazynd.ir.linearize import linearize
from lazynd.ir.primitive import PRIMITIVES, Primitive
from lazynd.ir.specialization import Specialization
from lazynd.ir.types import BOOL, FLOAT32, Type
from lazynd.ops import OPERATORS


def typed(*shape: int) -> Type:
    return Type(shape, FLOAT32)


def operator(name: str, *types: Type, **parameters: Any) -> Specialization:
    return OPERATORS[name].bind(types, parameters)[0]


LAYERS = {
    # Each of 64 rows gives 128 numbers, each a sum of 784 products and a bias.
    "dense": (
        operator("FullyConnected", typed(64, 784), typed(128, 784), typed(128), num_hidden=128),
        64 * 128 * (2 * 784 + 1),
    ),
    # 4 groups of 4 channels in; a window of 3 x 3, two apart, spans 5: 12 x 12 of them fit into 28 x 28 with stride 2.
    "convolution, grouped and dilated": (
        operator(
            "Convolution", typed(8, 16, 28, 28), typed(32, 4, 3, 3), typed(32),
            kernel=(3, 3), num_filter=32, num_group=4, stride=(2, 2), dilate=(2, 2),
        ),
        8 * 32 * 12 * 12 * (2 * 4 * 9 + 1),
    ),
    # Each of the operand's elements meets each of 4 x 4 x 32 weights.
    "transposed convolution": (
        operator(
            "Deconvolution", typed(8, 16, 14, 14), typed(16, 32, 4, 4),
            kernel=(4, 4), num_filter=32, stride=(2, 2), no_bias=True,
        ),
        2 * 8 * 16 * 14 * 14 * 4 * 4 * 32,
    ),
    # The data's gradient is found under as many windows as the operand has elements, but most of it is padding.
    "convolution": (
        operator("Convolution", typed(8, 16, 12, 12), typed(50, 16, 5, 5), kernel=(5, 5), num_filter=50, no_bias=True),
        2 * 8 * 50 * 8 * 8 * 16 * 25,
    ),
    # Comparing is free.
    "max pooling": (operator("Pooling", typed(8, 16, 28, 28), kernel=(2, 2), stride=(2, 2), pool_type="max"), 0),
    "relu": (operator("relu", typed(64, 10)), 0),
    # Three sums and a quotient.
    "average pooling": (
        operator("Pooling", typed(8, 16, 28, 28), kernel=(2, 2), stride=(2, 2), pool_type="avg"), 8 * 16 * 14 * 14 * 4
    ),
    # Of rows of 10: two sums of 10, divided; a difference twice, a square, times 1/sd, times gamma, plus beta;
    # and of each row eps + variance, root, inverse.
    "layer norm": (operator("LayerNorm", typed(64, 10), typed(10), typed(10)), 64 * (2 * (9 + 1) + 6 * 10 + 3)),
    # Less the mean, times a factor, plus beta; the factor of each channel is gamma / sqrt(variance + eps): gamma is 1.
    "batch norm, predicting": (
        operator("BatchNorm", typed(64, 10, 4, 4), *[typed(10)] * 4), 64 * 10 * 4 * 4 * 3 + 10 * 4
    ),
    # Rows are looked up.
    "embedding": (operator("Embedding", typed(64, 10), typed(1000, 16), input_dim=1000, output_dim=16), 0),
    # 35 steps of 32 rows: 4 gates of 200 from 100 inputs and 200 states, with one bias (the two are added once); of
    # each cell three logistics, two tangents, three products and a sum.
    "lstm": (
        operator(
            "RNN", typed(35, 32, 100), typed(4 * 200 * (100 + 200 + 2)), typed(1, 32, 200), typed(1, 32, 200),
            state_size=200, num_layers=1, mode="lstm", state_outputs=True,
        ),
        35 * 32 * (800 * (2 * 100 + 2 * 200 + 2) + 9 * 200) + 800,
    ),
    # Of rows of 10: a difference, exp, a sum, a quotient.
    "softmax": (operator("softmax", typed(64, 10)), 64 * (10 + 10 + 9 + 10)),
    # Of columns with n elements: a root, n - 1 quotients, products and sums for the rest: n ** 2 each.
    "cholesky": (operator("_linalg_potrf", typed(2, 10, 10)), 2 * 385),
    # Each of 10 x 4 unknowns takes 9 / 2 products and sums on average, and a quotient; the right side is scaled.
    "triangular system": (operator("_linalg_trsm", typed(10, 10), typed(10, 4)), 10 * 4 * 10 + 10 * 4),
    "sum": (operator("sum", typed(64, 10), axis=1), 64 * 9),
    "transpose": (operator("transpose", typed(64, 10)), 0),
    "comparison": (operator("broadcast_greater", typed(64, 10), typed(64, 10)), 0),
}  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_equal_counts_by_hand(layer):
    spec, expected = LAYERS[layer]
    assert flops(spec).count == expected


@pytest.mark.parametrize("layer", LAYERS)
def test_the_formula_gives_the_number(layer):
    found = flops(LAYERS[layer][0])
    assert eval(found.formula) == found.count


@pytest.mark.parametrize("layer", ["convolution", "convolution, grouped and dilated", "transposed convolution"])
def test_each_gradient_of_a_convolution_takes_what_it_takes(layer):
    spec, _ = LAYERS[layer]
    window = max(number for _, number, _ in flops(spec).terms)
    needs = (True, True) + (False,) * (len(spec.in_types) - 2)
    backward = linearize(spec, needs).backward((True,)).spec
    assert sum(times * number == times * window and times for _, number, times in flops(backward).terms) == 2


def of(function, *types: Type) -> Specialization:
    return as_operator(as_graph(function, types), GraphOp("made"))


def test_a_loop_takes_what_its_body_takes_in_all_steps():
    loop = of(lambda x, xs: scan(lambda s, row, _: ((s[0] * row[0],), ()), (x,), (xs,))[0], typed(4), typed(7, 4))
    assert flops(loop).count == 7 * 4
    bounded = of(
        lambda x: while_(lambda s, _: s[0] < s[0], lambda s, _: ((s[0] + s[0] * s[0],), ()), (x,), limit=9)[0], typed()
    )
    assert flops(bounded).count == 9 * 2


def test_a_choice_takes_what_its_dearer_branch_takes():
    chosen = of(lambda p, x: cond(p, lambda y: [y + y], lambda y: [y * y * y], [x]), Type((), BOOL), typed(5))
    assert (flops(chosen).count, flops(chosen).formula) == (10, "2 * 5")


def test_long_sums_are_cut_and_still_add_up():
    def many(x):
        total = ir.sum(x, (0,))
        for n in range(1, 20):
            part = ir.slice_(x, (0,), (n,))
            total = total + ir.sum(part * part, (0,))
        return [total]

    found = flops(of(many, typed(40)))
    assert eval(found.formula) == found.count > 0
    assert found.formula.count("+") == 6


def test_what_only_moves_takes_none():
    for name, primitive in PRIMITIVES.items():
        if primitive.moves:
            assert type(primitive).flops is Primitive.flops, name
