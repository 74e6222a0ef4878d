"""``sym.contrib``: the operators registered as ``_contrib_*``, by their short names, and control flow."""

from __future__ import annotations

import math

from . import random
from .control_flow import cond, foreach, while_loop
from .generate import namespace
from .mask import boolean_mask
from .symbol import Symbol

__all__ = ["boolean_mask", "cond", "foreach", "rand_zipfian", "while_loop"]


def rand_zipfian(true_classes: Symbol, num_sampled: int, range_max: int) -> tuple[Symbol, Symbol, Symbol]:
    """Classes below ``range_max`` drawn by Zipf's law: ``num_sampled`` of them, with what is expected of each.

    Class ``c`` has the probability ``log((c + 2) / (c + 1)) / log(range_max + 1)``. Gives the drawn classes as int64,
    how often each of ``true_classes`` is expected among them, and the same of the drawn ones.

    >>> from lazynd import nd, sym
    >>> drawn, of_true, of_drawn = sym.contrib.rand_zipfian(sym.var("true"), 4, 5)
    >>> of_true.eval(true=nd.array([3]))[0].asnumpy().round(4)
    array([0.4982])
    """
    spread = math.log(range_max + 1)
    drawn = random.uniform(0, spread, shape=(num_sampled,), dtype="float64")
    sampled = (drawn.exp() - 1).astype("int64") % range_max

    def expected(classes: Symbol) -> Symbol:
        whole = classes.astype("float64")
        made: Symbol = ((whole + 2.0) / (whole + 1.0)).log() / spread * num_sampled
        return made

    return sampled, expected(true_classes), expected(sampled)


__getattr__, __dir__ = namespace(__name__, "_contrib_")
