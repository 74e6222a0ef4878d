"""Parameters in files of MXNet's format, under their places in the structure of a block."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ... import nd
from ..parameter import Parameter
from ..parameter.dictionary import brief

if TYPE_CHECKING:
    from .base import Block


def save(parameters: dict[str, Parameter], filename: str | os.PathLike[str], deduplicate: bool) -> None:
    """Write ``parameters``; each once if ``deduplicate``, under the last of its names."""
    if deduplicate:
        last = {each: name for name, each in parameters.items()}
        parameters = {name: each for each, name in last.items()}
    nd.save(filename, {name: each._reduce() for name, each in parameters.items()})


def load(
    block: Block,
    filename: str | os.PathLike[str],
    ctx: Any,
    allow_missing: bool,
    ignore_extra: bool,
    cast_dtype: bool,
    dtype_source: str,
) -> None:
    """Give ``block`` the parameters of a file."""
    loaded = nd.load(filename)
    own = block._collect_params_with_prefix()
    if not loaded and not own:
        return
    if isinstance(loaded, list):
        raise ValueError(f"'{os.fspath(filename)}' holds {len(loaded)} arrays without names, not parameters")
    if not any("." in name or name in own for name in loaded):  # a file of ``ParameterDict.save``
        block.collect_params().load(filename, ctx, allow_missing, ignore_extra, block.prefix, cast_dtype, dtype_source)
        return
    names: dict[Parameter, list[str]] = {}
    for name, each in own.items():
        names.setdefault(each, []).append(name)
    for name, each in own.items() if not allow_missing else ():
        if not any(other in loaded for other in names[each]):
            raise AssertionError(
                f"Parameter '{name}' is missing in file '{os.fspath(filename)}', which contains parameters: "
                f"{brief(loaded)}. Set allow_missing=True to ignore missing parameters."
            )
    for name, value in loaded.items():
        if name in own:
            own[name]._check_loaded(value, ctx, cast_dtype)
        elif not ignore_extra:
            raise ValueError(
                f"Parameter '{name}' loaded from file '{os.fspath(filename)}' is not present in ParameterDict, which "
                f"contains parameters {brief(own)}. Set ignore_extra=True to ignore. "
            )
    for name, value in loaded.items():
        if name in own:
            own[name]._load_init(value, ctx, cast_dtype=cast_dtype, dtype_source=dtype_source)
