"""The two tiers agree: elementwise results, integers and draws, bit for bit, at any size and in any surroundings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lazynd
from lazynd import nd
from lazynd.backends import get_backend
from lazynd.backends.protocol import EXACT_SIZE, FUNCTIONS
from lazynd.backends.xla.barriers import hidden
from lazynd.backends.xla.elementary import WRITTEN_OUT
from lazynd.backends.xla.functions import LARGE, SMALL, Functions
from lazynd.ir import build as ir
from lazynd.ir.errors import OperatorError
from lazynd.ir.gradient import cotangents_of
from lazynd.ir.graph import Graph
from lazynd.ir.node import Node, apply, leaf
from lazynd.ir.parse import parse_graph
from lazynd.ir.primitive import PRIMITIVES, Primitive
from lazynd.ir.types import DTYPES, Type, bfloat16
from lazynd.ir.value import Value, emit
from lazynd.runtime.run.compile import PROGRAMS

from .agreement import BINARY, SIZES, UNARY, Program, assert_agree, differing, numbers

pytestmark = pytest.mark.lazy  # compares compiled programs with the interpreter

FLOAT32 = np.dtype("float32")
INTEGERS = [d.name for d in DTYPES.values() if d.kind in "iub"]
LARGE_ARRAYS = [5000, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 7, 1000, 1024, 1025, 70_000))]


def primitives(arity: int, leaves: list[Node]) -> dict[str, Node]:
    """Every elementwise primitive of ``arity`` operands of these types."""
    found: dict[str, Node] = {}
    for name, primitive in PRIMITIVES.items():
        assert isinstance(primitive, Primitive)
        arrays, attributes = primitive.samples(np.random.default_rng(0))[0]
        if primitive.elementwise and len(arrays) == arity and not attributes:
            try:
                found[name] = apply(primitive.specialize(tuple(node.type for node in leaves), {}), leaves)
            except OperatorError:
                continue
    return found


def every_primitive(dtype: np.dtype[Any], size: int) -> None:
    pair = [leaf(Type((size,), dtype)) for _ in range(2)]
    nodes = {**primitives(1, pair[:1]), **primitives(2, pair)}
    if dtype != bfloat16():  # of numbers below the normal range XLA says that they are not 0
        targets = [d for d in (*DTYPES.values(), bfloat16()) if d != dtype]
        convert = PRIMITIVES["convert"]
        nodes |= {f"to {d}": apply(convert.specialize((pair[0].type,), {"dtype": d}), pair[:1]) for d in targets}
    assert len(nodes) > 15
    assert_agree(
        Graph(pair, list(nodes.values())), [numbers(dtype, (size,), seed) for seed in (1, 2)], ", ".join(nodes)
    )


@pytest.mark.parametrize(
    "size", [7, 1024, 1025, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 1000, 5000, 70_000))]
)
def test_every_elementwise_primitive_of_float32(size: int) -> None:
    every_primitive(FLOAT32, size)


@pytest.mark.parametrize(
    "size", [7, 5000, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 1000, 1024, 1025, 70_000))]
)
def test_every_elementwise_primitive_of_float64(size: int) -> None:
    every_primitive(np.dtype("float64"), size)


@pytest.mark.parametrize("size", [1000, pytest.param(5000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_every_elementwise_primitive_of_half_precision(dtype: str, size: int) -> None:
    every_primitive(bfloat16() if dtype == "bfloat16" else np.dtype(dtype), size)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_every_elementwise_primitive_of_integers(dtype: str) -> None:
    every_primitive(np.dtype(dtype), 5000)


def test_float64_becomes_float16_by_one_rounding() -> None:
    """Just beside the middle of two float16, where rounding to float32 first would find the middle itself."""
    halves = np.arange(0x7C00, dtype="uint16").view("float16").astype("float64")
    middle = (halves[1:] + halves[:-1]) / 2
    x = np.concatenate([middle, middle * (1 + 2.0**-40), middle * (1 - 2.0**-40), -middle * (1 - 2.0**-45)])
    value = Value(leaf(Type(x.shape, x.dtype)))
    assert_agree(Graph([value.ref.node], [ir.convert(value, np.dtype("float16")).ref]), [x])


def random_program(seed: int) -> None:
    choice = np.random.default_rng(seed)
    size, dtype = int(choice.choice(SIZES)), np.dtype(choice.choice(["float32", "float32", "float64"]))
    program = Program(seed, size, dtype)
    graph = program.graph(int(choice.integers(2, 31)))
    assert_agree(graph, program.arrays(), f"seed {seed}, {size} of {dtype}")


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed: int) -> None:
    random_program(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(30))
def test_many_random_programs(block: int) -> None:
    for seed in range(1000 + 10 * block, 1010 + 10 * block):
        random_program(seed)


def gradient(graph: Graph) -> Graph:
    """The last output of ``graph``, and the gradients of its sum in the inputs of the full shape."""
    last = graph.outputs[-1]
    seed = ir.full(last.type.shape, 1, last.type.dtype)
    found = cotangents_of(graph.nodes, [last], [seed], list(graph.inputs[:3]))
    return Graph(graph.inputs, [last, *(each.ref for each in found if each is not None)])


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(n, marks=pytest.mark.slow) for n in range(4, 60))])
def test_gradients_of_random_programs(seed: int) -> None:
    """Of programs without what makes a sum of a gradient: broadcasts, reductions and loops."""
    size = SIZES[seed % len(SIZES)]
    program = Program(5000 + seed, size, FLOAT32)
    program.small = []
    steps = (program._unary, program._binary, program._moved, program._chosen)
    program._other = lambda: program.random.choice(program.full)  # type: ignore[method-assign]
    for _ in range(8):
        program.full.append(program.random.choice(steps)())
    graph = gradient(Graph(program.inputs, [program.full[-1].ref]))
    assert_agree(graph, program.arrays(), f"seed {seed}, {size}")


SURROUNDINGS = {
    "a sum": lambda f, x, y: f + y,
    "a difference": lambda f, x, y: y - f,
    "a product": lambda f, x, y: f * y,
    "a product in a sum": lambda f, x, y: f * y + x,
    "a quotient": lambda f, x, y: y / f,
    "a maximum": lambda f, x, y: ir.max(ir.reshape(ir.select(f == f, f, 0), (-1, 5)), 1),
    "its place": lambda f, x, y: emit(
        "argmax", ir.reshape(ir.select(f == f, f, 0), (5, -1)), axis=0, dtype=np.dtype("int32")
    ),
    "a call of a library": lambda f, x, y: ir.remainder(f, ir.full_like(f, 0.7)),
    "a logarithm": lambda f, x, y: ir.log(ir.abs(f)),
    "a square": lambda f, x, y: f * f,
    "a root": lambda f, x, y: ir.sqrt(f * f),
    "a comparison": lambda f, x, y: ir.convert(f > y, FLOAT32),
    "a transposition": lambda f, x, y: ir.transpose(ir.reshape(f, (-1, 5))) + 1,
    "a slice": lambda f, x, y: ir.slice_(f, (3,), (400,), (3,)) * 3,
}


@pytest.mark.parametrize("size", [pytest.param(1000, marks=pytest.mark.slow), 5000])
@pytest.mark.parametrize("name", sorted(SURROUNDINGS))
def test_functions_do_not_depend_on_what_surrounds_them(name: str, size: int) -> None:
    """All functions in one program, so that what compiling shares among them is seen too."""
    x, y = (Value(leaf(Type((size,), FLOAT32))) for _ in range(2))
    made = []
    for function in sorted((FUNCTIONS | {"rsqrt", "sqrt"}) - {"power", "atan2"}):
        given = ir.abs(x) if function in ("log", "sqrt", "rsqrt") else x
        made.append(SURROUNDINGS[name](emit(function, given), x, y))
    graph = Graph([x.ref.node, y.ref.node], [value.ref for value in made])
    rng = np.random.default_rng(4)
    assert_agree(graph, [rng.normal(0, 1.2, size).astype("float32") for _ in range(2)], name)


@pytest.mark.parametrize("size", [100, 5000])
def test_functions_of_constants_are_not_computed_by_the_compiler(size: int) -> None:
    made = [emit(name, ir.full((size,), 0.37, FLOAT32)) for name in UNARY]
    made += [emit(name, ir.full((size,), 0.37, FLOAT32), ir.full((size,), 3, FLOAT32)) for name in set(BINARY)]
    assert_agree(Graph([], [value.ref for value in made]), [])


@pytest.mark.parametrize("exponent", [-2, -1, -0.5, 0, 0.5, 1, 2, 3, 4])
def test_powers_by_a_constant(exponent: float) -> None:
    x = Value(leaf(Type((2000,), FLOAT32)))
    made = [ir.power(x, exponent), ir.power(ir.exp(x), exponent), ir.power(ir.full_like(x, exponent), x)]
    assert_agree(Graph([x.ref.node], [v.ref for v in made]), [np.abs(numbers(FLOAT32, (2000,)))])


def test_maximum_and_minimum_of_both_zeros() -> None:
    zeros = np.array([0.0, -0.0, 1, np.nan], "float32")
    x, y = np.repeat(zeros, 4), np.tile(zeros, 4)
    pair = [leaf(Type((16,), FLOAT32)) for _ in range(2)]
    made = [emit(name, *map(Value, pair)) for name in ("maximum", "minimum")]
    made += [emit("maximum", Value(pair[0]), ir.full((16,), 0, FLOAT32))]
    assert_agree(Graph(pair, [v.ref for v in made]), [x, y])


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    "shape, axis", [((1,), 0), ((2,), 0), ((7,), 0), ((1025,), 0), ((3, 64), 1), ((65, 2), 0)], ids=str
)
@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int32"])
def test_running_sums_have_one_order(dtype: str, shape: tuple[int, ...], axis: int, backwards: bool) -> None:
    x = Value(leaf(Type(shape, np.dtype(dtype))))
    graph = Graph([x.ref.node], [ir.cumsum(x, axis, backwards).ref, ir.cumsum(x * x, axis, backwards).ref])
    given = np.random.default_rng(1).normal(0, 9, shape).astype(dtype)
    assert_agree(graph, [given])
    if given.dtype.kind == "f":
        sums = PRIMITIVES["cumsum"].evaluate(given.astype("float64"), axis=axis, backwards=False)
        np.testing.assert_allclose(sums, np.cumsum(given.astype("float64"), axis), rtol=1e-13, atol=1e-12)


def test_numbers_below_the_normal_range_are_zero_in_both() -> None:
    tiny = np.array([1e-40, -1e-40, 2e-38, -2e-38, 1.0], "float32")
    assert (nd.array(tiny) * 1.0).asnumpy()[0] == 0
    x = Value(leaf(Type((5,), FLOAT32)))
    made = [x * 0.5, x + x, x > 0, ir.sqrt(ir.abs(x)), ir.convert(x, np.dtype("float64")), ir.exp(x * 4e39 - 110)]
    assert_agree(Graph([x.ref.node], [v.ref for v in made]), [tiny])
    assert np.float32(2e-38) * np.float32(0.5) > 0, "they are numbers again afterwards"


class TestDraws:
    """What is drawn does not depend on the tier either."""

    CALLS = {
        "uniform": lambda n: nd.random.uniform(-1, 3, shape=(n,)),
        "normal": lambda n: nd.random.normal(1, 3, shape=(n,)),
        "normal64": lambda n: nd.random.normal(shape=(n,), dtype="float64"),
        "normal16": lambda n: nd.random.normal(shape=(n,), dtype="float16"),
        "exponential": lambda n: nd.random.exponential(2, shape=(n,)),
        "poisson": lambda n: nd.random.poisson(4, shape=(n,)),
        "poisson of many": lambda n: nd.random.poisson(40, shape=(n,)),
        "randint": lambda n: nd.random.randint(-5, 1000, shape=(n,)),
        "multinomial": lambda n: nd.random.multinomial(nd.array([0.1, 0.2, 0.3, 0.05, 0.35]), shape=(n,)),
        "shuffle": lambda n: nd.random.shuffle(nd.arange(n)),
        "dropout": lambda n: nd.Dropout(nd.ones((n,)), p=0.3, mode="always"),
    }

    @pytest.mark.parametrize("size", [5, 3000])
    @pytest.mark.parametrize("name", sorted(CALLS))
    def test_drawn_compiled_and_interpreted(self, name: str, size: int) -> None:
        PROGRAMS.clear()
        drawn = []
        for tier in ("interpreted", "compiled"):
            before = lazynd.stats().interpreted
            with lazynd.config.using(tier=tier):
                nd.random.seed(7)
                drawn.append(self.CALLS[name](size).asnumpy())
            assert (lazynd.stats().interpreted > before) == (tier == "interpreted")
        assert not differing(*drawn).any()


HIDDEN = {
    # A product that an addition could take in, and one that it could not.
    "%2: float32[9] = ir.multiply(%0, %1)\n%3: float32[9] = ir.add(%2, %0)": ["multiply"],
    "%2: float32[9] = ir.multiply(%0, %1)\n%3: float32[9] = ir.multiply(%2, %0)": [],
    "%2: float32[9] = ir.multiply(%0, %1)\n%3: float32[] = ir.reduce_sum(%2) {axes=(0,)}": [],
    "%2: float32[9] = ir.multiply(%0, %1)\n%3: bool[9] = ir.less(%2, %0)": [],
    # By way of what moves numbers or turns their sign.
    "%2: float32[9] = ir.multiply(%0, %1)\n%3: float32[9] = ir.negate(%2)\n"
    "%4: float32[9] = ir.reverse(%3) {axes=(0,)}\n%5: float32[9] = ir.subtract(%1, %4)": ["multiply"],
    # Functions and what undoes them.
    "%2: float32[9] = ir.exponential(%0)\n%3: float32[9] = ir.log(%2)": ["exponential"],
    "%2: float32[9] = ir.exponential(%0)\n%3: float32[9] = ir.multiply(%2, %1)": ["exponential"],
    "%2: float32[9] = ir.tanh(%0)\n%3: float32[9] = ir.multiply(%2, %1)": [],
    "%2: float32[9] = ir.tanh(%0)\n%3: float32[] = ir.reduce_max(%2) {axes=(0,)}": ["tanh"],
    "%2: float32[9] = ir.exponential(%0)\n%3: float32[] = ir.reduce_sum(%2) {axes=(0,)}": [],
}


@pytest.mark.parametrize("lines", list(HIDDEN), ids=str)
def test_what_goes_through_a_barrier(lines: str) -> None:
    last = lines.split("\n")[-1].split(":")[0]
    graph = parse_graph(f"graph main(%0: float32[9], %1: float32[9]) {{\n{lines}\nreturn {last}\n}}")
    assert [node.spec.op.name for node in hidden(graph) if node.spec is not None] == HIDDEN[lines]
    if last == "%2":
        return
    inside = [node.spec.op.name for node in hidden(graph, inside=True) if node.spec is not None]
    assert set(HIDDEN[lines]) <= set(inside), "a loop hands its results on to what may be in one piece with it"


def test_a_program_that_needs_no_barrier_gets_no_argument_more() -> None:
    x = Value(leaf(Type((9,), FLOAT32)))
    backend = get_backend("xla")
    for value, words in ((x * x, 0), (x + x, 0), (x * x + x, 1)):
        executable, _ = backend.compile(Graph([x.ref.node], [value.ref]), 0, (), False)
        assert executable.packing.words == words  # type: ignore[attr-defined]


class TestFunctions:
    """``function`` of the XLA backend."""

    @pytest.mark.parametrize("size", [1025, SMALL, SMALL + 1, 4 * SMALL, 4 * SMALL + 1, LARGE + SMALL + 3])
    def test_blocks_give_the_bits_of_a_program(self, size: int) -> None:
        """At their edges, and of two dimensions that are not contiguous."""
        x = numbers(FLOAT32, (size,), 3)
        value = Value(leaf(Type((size,), FLOAT32)))
        assert_agree(Graph([value.ref.node], [emit("tanh", value).ref]), [x])
        twice = np.asfortranarray(np.stack([x, x]))
        function = get_backend("xla").function
        assert function is not None
        assert not differing(function("tanh", twice)[1], function("tanh", x)).any()

    def test_it_compiles_once_for_all_shapes(self) -> None:
        made: list[Graph] = []

        def compile(graph: Graph) -> Any:
            made.append(graph)
            return get_backend("xla").compile(graph, 0, (), False)[0]

        function = Functions(compile)
        assert not function.ready("cosine", FLOAT32, 2000)
        function.prepare("cosine", FLOAT32, 2000)
        assert function.ready("cosine", FLOAT32, 3000) and not function.ready("cosine", FLOAT32, 10 * LARGE)
        for n in range(2000, 2020):
            function("cosine", np.ones((n,), "float32"))
        assert len(made) == 1
        function("cosine", np.ones((10 * LARGE + 1,), "float32"))
        assert len(made) == 2 and function.ready("cosine", FLOAT32, 10 * LARGE)

    @pytest.mark.parametrize("name, arrays", [
        ("add", [np.ones(2000, "float32")]), ("tanh", [np.ones(1024, "float32")]), ("tanh", [np.ones(2000, "float16")]),
        ("power", [np.ones(2000, "float32"), np.ones(2000)]),
        ("power", [np.ones(2000, "float32"), np.ones(2001, "float32")]),
    ], ids=str)  # fmt: skip
    def test_what_it_does_not_compute_is_refused(self, name: str, arrays: list[Any]) -> None:
        function = get_backend("xla").function
        assert function is not None
        with pytest.raises(ValueError, match=name):
            function(name, *arrays)

    def test_small_arrays_are_computed_in_double_precision(self) -> None:
        """By both: their functions differ in the last digit of float64, which is lost in float32."""
        x = numbers(FLOAT32, (EXACT_SIZE,))
        value = Value(leaf(Type(x.shape, FLOAT32)))
        graph = Graph([value.ref.node], [emit(name, value).ref for name in sorted(WRITTEN_OUT)])
        assert_agree(graph, [x])
