"""Attributes of nodes: text, whatever was given, as MXNet writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from ..ir.errors import MXNetError
from ..ir.types import as_dtype
from ..ops.operator import Parameter

#: What is no parameter of an operator but may stand among them: it is kept between double underscores.
HIDDEN: Final = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage")

#: How some operators let their variables begin, unless the variables say.
_BATCH: Final = {"moving_mean": '["zero", {}]', "moving_var": '["one", {}]'}
BEGINNINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "BatchNorm": _BATCH,
    "_contrib_BatchNormWithReLU": _BATCH,
    "_contrib_SyncBatchNorm": _BATCH,
    "IdentityAttachKLSparseReg": {"moving_avg": '["zero", {}]'},
    "LeakyReLU": {"gamma": '["Constant", {"value": 0.25}]'},
    "UpSampling": {"weight": '["bilinear", {}]'},
}


def text(value: Any, parameter: Parameter | None = None) -> str:
    """``value`` as the text that MXNet keeps of it, given for ``parameter`` if that is known.

    >>> text((2, np.int64(3))), text(None), text(True), text([1])
    ('(2, 3)', 'None', 'True', '[1]')
    """
    if parameter is not None and parameter.kind.name == "dtype" and value is not None:
        return as_dtype(value).name
    if isinstance(value, tuple | list):
        inside = ", ".join(map(text, value))
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside}{',' * (len(value) == 1)})"
    if isinstance(value, np.dtype | type):
        return np.dtype(value).name
    return str(value)


def hidden(name: str) -> str:
    """``name`` as it is kept: an attribute for all operators between double underscores.

    Raises ``MXNetError`` for one that is meant for an input, ``weight_lr_mult``: MXNet has given that up.
    """
    if name in HIDDEN:
        return f"__{name}__"
    for each in HIDDEN:
        if name.endswith(f"_{each}"):
            of = name.removesuffix(f"_{each}")
            raise MXNetError(
                f"setting variable attributes with {name} is deprecated. please instead use\n"
                f"w = Variable({each}=...)\nsym = YourSymbolName({of}=w)"
            )
    return name


def is_note(name: str) -> bool:
    """Whether an attribute of this name is a note on a node, not a parameter."""
    return len(name) > 4 and name.startswith("__") and name.endswith("__")


def shown(attributes: Mapping[str, str]) -> dict[str, str]:
    """Attributes as users see them: the hidden ones under their plain names too."""
    made = dict(attributes)
    for each in HIDDEN:
        if f"__{each}__" in attributes:
            made[each] = attributes[f"__{each}__"]
    return made


def lookup(attributes: Mapping[str, str], name: str) -> str | None:
    """One attribute by its name, plain or not."""
    found = attributes.get(name)
    return attributes.get(f"__{name}__") if found is None and name in HIDDEN else found
