"""What results are called, how many there are, and which inputs are auxiliary states, before any type is known."""

from __future__ import annotations

import numpy as np
import pytest

from lazynd.ir.types import Type
from lazynd.ops import OPERATORS, Operator, find

#: Loops and choices are called with graphs; how many results these have is theirs to say.
OF_GRAPHS = ("_foreach", "_while_loop", "_cond")
EVERY = [o for o in {id(o): o for o in OPERATORS.values()}.values() if o.name not in OF_GRAPHS]


@pytest.mark.parametrize("operator", EVERY, ids=lambda o: o.name)
def test_as_many_names_as_results(operator: Operator) -> None:
    assert operator.samples is not None
    for arrays, attributes in operator.samples(np.random.default_rng(0)):
        types = tuple(Type(np.shape(a), np.asarray(a).dtype) for a in arrays)
        names = operator.outputs(operator.canonical(attributes))
        assert len(names) == len(set(names)) == len(operator.results(operator.bind(types, attributes)[0]))


def test_states_are_there_whatever_the_mode() -> None:
    norm = find("BatchNorm")
    assert norm is not None
    for given in ({}, {"use_global_stats": True}, {"fix_gamma": False}, {"output_mean_var": True}):
        assert norm.states(norm.canonical(given), 5) == (3, 4)
    adam = find("adam_update")
    assert adam is not None and adam.states(adam.canonical({"lr": 1}), 4) == (2, 3)
    many = find("multi_mp_sgd_mom_update")
    assert many is not None
    given = many.canonical({"lrs": (1, 1), "wds": (0, 0), "num_weights": 2})
    assert sorted(many.states(given, 8)) == [2, 3, 6, 7]
    assert many.outputs(given) == ("output0", "output1")
