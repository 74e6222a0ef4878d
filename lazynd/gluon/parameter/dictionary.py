"""Dictionaries of parameters: those of a block, or of a whole net."""

from __future__ import annotations

import logging
import os
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any

import numpy as np

from ... import initializer, nd
from ...context import Context
from ...nd import NDArray
from .constant import Constant
from .parameter import Parameter

#: Where MXNet explains names; its messages end so.
NAMING = (
    "For more info on naming, please see https://mxnet.io/api/python/docs/tutorials/packages/gluon/blocks/naming.html"
)


def brief(names: Any, limit: int = 7) -> str:
    """Names in quotes, of many the first and the last: of 7 three and four, as in MXNet.

    >>> brief(["a", "b"])
    "'a', 'b'"
    >>> brief("abcdefgh")
    "'a', 'b', 'c', ..., 'e', 'f', 'g', 'h'"
    """
    listed = list(names)
    if len(listed) > limit:
        half = limit // 2
        return f"{brief(listed[:half], limit)}, ..., {brief(listed[half - limit :], limit)}"
    return ", ".join(f"'{each}'" for each in listed)


class ParameterDict:
    """Parameters by name, in the order in which they were made. ``get`` makes those that are missing.

    All names begin with ``prefix``. What ``shared``, another dictionary, has is taken from there.

    >>> from lazynd import gluon
    >>> params = gluon.ParameterDict("net_")
    >>> params.get("weight", shape=(2, 3))
    Parameter net_weight (shape=(2, 3), dtype=<class 'numpy.float32'>)
    >>> "net_weight" in params, list(params)
    (True, ['net_weight'])
    """

    def __init__(self, prefix: str = "", shared: ParameterDict | None = None) -> None:
        self._prefix = prefix
        self._params: dict[str, Parameter] = {}
        self._shared = shared

    def __repr__(self) -> str:
        listed = "\n".join(f"  {each}" for each in self.values())
        return f"{self._prefix + ' ' if self._prefix else ''}(\n{listed}\n)"

    def __getitem__(self, key: str) -> Parameter:
        return self._params[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __contains__(self, key: object) -> bool:
        return key in self._params

    def items(self) -> ItemsView[str, Parameter]:
        """Names and parameters.

        >>> from lazynd import gluon
        >>> [name for name, _ in gluon.nn.Dense(2, prefix="out_").params.items()]
        ['out_weight', 'out_bias']
        """
        return self._params.items()

    def keys(self) -> KeysView[str]:
        """The names.

        >>> from lazynd import gluon
        >>> list(gluon.nn.Dense(2, prefix="out_").params.keys())
        ['out_weight', 'out_bias']
        """
        return self._params.keys()

    def values(self) -> ValuesView[Parameter]:
        """The parameters.

        >>> from lazynd import gluon
        >>> [each.name for each in gluon.nn.Dense(2, prefix="out_").params.values()]
        ['out_weight', 'out_bias']
        """
        return self._params.values()

    @property
    def prefix(self) -> str:
        """What all names begin with.

        >>> from lazynd import gluon
        >>> gluon.ParameterDict("net_").prefix
        'net_'
        """
        return self._prefix

    def _find(self, name: str) -> Parameter | None:
        """The parameter of this full name, here or in what is shared, from where it is taken."""
        found = self._params.get(name)
        if found is None and self._shared is not None:
            found = self._shared._params.get(name)
            if found is not None:
                self._params[name] = found
        return found

    def get(self, name: str, **kwargs: Any) -> Parameter:
        """The parameter ``prefix + name``, made with the arguments of ``Parameter`` if there is none.

        If there is one, they must be what it has (else ``AssertionError``); a shape fills in what is not known.

        >>> from lazynd import gluon
        >>> params = gluon.ParameterDict("net_")
        >>> params.get("weight", shape=(2, 0)) is params.get("weight", shape=(2, 3))
        True
        >>> params["net_weight"].shape
        (2, 3)
        """
        name = self._prefix + name
        found = self._find(name)
        if found is None:
            found = self._params[name] = Parameter(name, **kwargs)
            return found
        for attribute, wanted in kwargs.items():
            has = getattr(found, attribute, None)
            if has is None:
                setattr(found, attribute, wanted)
            elif attribute == "shape" and wanted is not None and len(wanted) == len(has):
                merged = [max(a, b) if min(a, b) <= 0 else a for a, b in zip(wanted, has, strict=True)]
                if any(b not in (0, -1, m) for b, m in zip((*wanted, *has), merged * 2, strict=True)):
                    raise AssertionError(_mismatch(name, attribute, wanted, has))
                found._shape = tuple(merged)
            elif attribute == "dtype" and np.dtype(wanted) == np.dtype(has):
                continue
            elif wanted is not None and wanted != has:
                raise AssertionError(_mismatch(name, attribute, wanted, has))
        return found

    def get_constant(self, name: str, value: Any = None) -> Constant:
        """The constant ``prefix + name``, made of ``value`` if there is none; ``KeyError`` if neither is there.

        One that is there must have this value (else ``AssertionError``).

        >>> from lazynd import gluon
        >>> gluon.ParameterDict("net_").get_constant("scale", [1, 2])
        Constant net_scale (shape=(2,), dtype=<class 'numpy.float32'>)
        """
        name = self._prefix + name
        found = self._find(name)
        if found is None:
            if value is None:
                raise KeyError(
                    f"No constant named '{name}'. Please specify value if you want to create a new constant."
                )
            made = self._params[name] = Constant(name, value)
            return made
        if not isinstance(found, Constant):
            raise AssertionError(f"Parameter '{name}' already exists but it is not a constant.")
        if value is not None:
            wanted = value.asnumpy() if isinstance(value, NDArray) else np.asarray(value)
            if wanted.shape != found.value.shape or not (wanted == found.value.asnumpy()).all():
                raise AssertionError(f"Constant '{name}' already exists but it's value doesn't match new value")
        return found

    def update(self, other: ParameterDict) -> None:
        """Take all parameters of ``other``; ``AssertionError`` where a name stands for another one here.

        >>> from lazynd import gluon
        >>> params = gluon.ParameterDict()
        >>> params.update(gluon.nn.Dense(2, prefix="out_").params)
        >>> list(params)
        ['out_weight', 'out_bias']
        """
        for name, each in other.items():
            if self._params.get(name, each) is not each:
                raise AssertionError(
                    f"Cannot update self with other because they have different Parameters with the same name '{name}'"
                )
        self._params.update(other.items())

    def initialize(
        self,
        init: Any = initializer.Uniform(),  # noqa: B008 - MXNet's default, which has no state
        ctx: Any = None,
        verbose: bool = False,
        force_reinit: bool = False,
    ) -> None:
        """Initialise all, see ``Parameter.initialize``; ``init`` for those that have none of their own.

        >>> from lazynd import gluon
        >>> layer = gluon.nn.Dense(2, in_units=3)
        >>> layer.collect_params().initialize()
        >>> layer.weight.data().shape
        (2, 3)
        """
        if verbose:
            init.set_verbosity(verbose=verbose)
        for each in self.values():
            each.initialize(None, ctx, init, force_reinit=force_reinit)

    def zero_grad(self) -> None:
        """Set all gradients to zero.

        >>> from lazynd import gluon
        >>> layer = gluon.nn.Dense(2, in_units=3)
        >>> layer.initialize()
        >>> layer.collect_params().zero_grad()
        """
        for each in self.values():
            each.zero_grad()

    def reset_ctx(self, ctx: Any) -> None:
        """Move all to ``ctx``, see ``Parameter.reset_ctx``.

        >>> import lazynd
        >>> layer = lazynd.gluon.nn.Dense(2, in_units=3)
        >>> layer.initialize()
        >>> layer.collect_params().reset_ctx(lazynd.cpu(1))
        >>> layer.weight.data().context
        cpu(1)
        """
        for each in self.values():
            each.reset_ctx(ctx)

    def list_ctx(self) -> list[Context]:
        """All contexts that any of them is on.

        >>> from lazynd import gluon
        >>> layer = gluon.nn.Dense(2, in_units=3)
        >>> layer.initialize()
        >>> layer.collect_params().list_ctx()
        [cpu(0)]
        """
        return list(dict.fromkeys(ctx for each in self.values() for ctx in each.list_ctx()))

    def setattr(self, name: str, value: Any) -> None:
        """Set an attribute of all: ``grad_req``, ``lr_mult``, ``wd_mult``.

        >>> from lazynd import gluon
        >>> layer = gluon.nn.Dense(2)
        >>> layer.collect_params().setattr("grad_req", "null")
        >>> layer.weight.grad_req
        'null'
        """
        for each in self.values():
            setattr(each, name, value)

    # ------------------------------------------------------------------------------------ files

    def save(self, filename: str | os.PathLike[str], strip_prefix: str = "") -> None:
        """Write the values to a file of MXNet's format, under their names less ``strip_prefix``.

        ``ValueError`` where a name does not begin so. Values on several contexts are averaged.

        >>> from lazynd import gluon, nd
        >>> layer = gluon.nn.Dense(2, in_units=3, prefix="out_")
        >>> layer.initialize()
        >>> layer.collect_params().save("out.params", strip_prefix="out_")
        >>> list(nd.load("out.params"))
        ['weight', 'bias']
        """
        saved = {}
        for each in self.values():
            if not each.name.startswith(strip_prefix):
                raise ValueError(
                    f"Prefix '{strip_prefix}' is to be striped before saving, but Parameter's name '{each.name}' does "
                    f"not start with '{strip_prefix}'. this may be due to your Block shares parameters from other "
                    f"Blocks or you forgot to use 'with name_scope()' when creating child blocks. {NAMING}"
                )
            saved[each.name[len(strip_prefix) :]] = each._reduce()
        nd.save(filename, saved)

    def load(
        self,
        filename: str | os.PathLike[str],
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        restore_prefix: str = "",
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Take the values of a file that ``save`` wrote; see ``load_dict``.

        >>> from lazynd import gluon
        >>> layer = gluon.nn.Dense(2, in_units=3, prefix="out_")
        >>> layer.initialize()
        >>> layer.collect_params().save("whole.params")
        >>> layer.collect_params().load("whole.params")
        """
        loaded = nd.load(filename)
        if not isinstance(loaded, dict):
            raise ValueError(f"{os.fspath(filename)!r} holds {len(loaded)} arrays without names, not parameters")
        self.load_dict(loaded, ctx, allow_missing, ignore_extra, restore_prefix, filename, cast_dtype, dtype_source)

    def load_dict(
        self,
        param_dict: Mapping[str, NDArray],
        ctx: Any = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        restore_prefix: str = "",
        filename: str | os.PathLike[str] | None = None,
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Take values by name, with ``restore_prefix`` before each.

        ``ctx``: where they go, if nothing says so yet. ``allow_missing``, ``ignore_extra``: leave what has no value,
        and values that nobody has (else ``AssertionError``). ``cast_dtype``: convert, to the parameter's dtype, or
        the parameter to that of the value if ``dtype_source`` is "saved".

        >>> from lazynd import gluon, nd
        >>> layer = gluon.nn.Dense(1, in_units=2, prefix="out_")
        >>> layer.params.load_dict({"weight": nd.ones((1, 2)), "bias": nd.zeros(1)}, restore_prefix="out_")
        >>> layer(nd.ones((1, 2))).asscalar()
        np.float32(2.0)
        """
        what = f"file: {os.fspath(filename)}" if filename else "param_dict"
        for name in self.keys() if restore_prefix else ():
            if not name.startswith(restore_prefix):
                raise AssertionError(
                    f"restore_prefix is '{restore_prefix}' but Parameters name '{name}' does not start with "
                    f"'{restore_prefix}'. {NAMING}"
                )
        # A file of an executor says of each value whether it is an argument or a statistic.
        given = {restore_prefix + k.removeprefix("arg:").removeprefix("aux:"): v for k, v in param_dict.items()}
        cut = len(restore_prefix)
        for name in self.keys() if not allow_missing else ():
            if name not in given:
                raise AssertionError(
                    f"Parameter '{name[cut:]}' is missing in {what}, which contains parameters: {brief(given)}. "
                    f"Please make sure source and target networks have the same prefix.{NAMING}"
                )
        extra = [name for name in given if name not in self._params]
        if extra and not ignore_extra:
            raise AssertionError(
                f"Parameter '{extra[0][cut:]}' loaded from {what} is not present in ParameterDict, choices are: "
                f"{brief(self.keys())}. Set ignore_extra to True to ignore. Please make sure source and target "
                f"networks have the same prefix.{NAMING}"
            )
        if extra:
            logging.getLogger("lazynd").info("parameters of %s that are not used: %s", what, brief(extra))
        for name, value in given.items():
            if name in self._params:
                self._params[name]._load_init(value, ctx, cast_dtype=cast_dtype, dtype_source=dtype_source)


def _mismatch(name: str, attribute: str, wanted: Any, has: Any) -> str:
    return (
        f"Cannot retrieve Parameter '{name}' because desired attribute does not match with stored for attribute "
        f"'{attribute}': desired '{wanted}' vs stored '{has}'."
    )
