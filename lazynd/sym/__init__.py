"""Symbols: expressions of operators on variables, MXNet's ``mx.sym``. Operators are those of ``nd``, on symbols.

>>> from lazynd import sym
>>> x = sym.var("x")
>>> net = sym.FullyConnected(sym.relu(x) * 2, num_hidden=4, name="fc")
>>> net.list_arguments(), net.list_outputs()
(['x', 'fc_weight', 'fc_bias'], ['fc_output'])
"""

from __future__ import annotations

from typing import Any

from ..ops import every_name, find
from ..reference import absent
from . import _internal as _internal
from . import contrib, image, linalg, random, sparse
from . import op as op
from .arithmetic import hypot, maximum, minimum, pow, power
from .creation import Variable, arange, eye, full, histogram, linspace, ones, split_v2, var, zeros
from .custom import Custom
from .evaluate import evaluate
from .generate import make_function
from .symbol import Group, Symbol

__all__ = [
    "Custom", "Group", "Symbol", "Variable", "arange", "contrib", "evaluate", "eye", "full", "histogram", "hypot",
    "image", "linalg", "linspace", "maximum", "minimum", "ones", "pow", "power", "random", "sparse", "split_v2", "var",
    "zeros",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    operator = None if name.startswith("__") else find(name)
    if operator is None:
        raise absent("sym", name)
    made = globals()[name] = make_function(operator, name)
    return made


def __dir__() -> list[str]:
    return sorted({*__all__, *every_name()})
