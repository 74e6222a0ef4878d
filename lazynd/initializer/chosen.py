"""Initializers that choose by name: from what was saved, or among others."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..nd import NDArray, load


class Load:
    """Fills an array with what a file, or a dict by names, has for its name; else as ``default_init`` does.

    The prefixes ``arg:`` and ``aux:`` of names in the file are dropped. ``AssertionError`` where shapes differ, or
    where a name is missing and there is no ``default_init``. ``verbose`` logs which.

    >>> from lazynd import init, nd
    >>> filled = init.Load({"arg:dense0_bias": nd.array([1, 2])}, default_init=init.Zero())
    >>> b = nd.zeros((2,))
    >>> filled("dense0_bias", b)
    >>> b.asnumpy()
    array([1., 2.], dtype=float32)
    """

    def __init__(self, param: str | Mapping[str, NDArray], default_init: Any = None, verbose: bool = False) -> None:
        found: Any = load(param) if isinstance(param, str) else param
        if not isinstance(found, Mapping):
            raise AssertionError(f"parameters have names, but {param!r} holds a {type(found).__name__}")
        self.param = {name.removeprefix("arg:").removeprefix("aux:"): arr for name, arr in found.items()}
        self.default_init = default_init
        self.verbose = verbose

    def __call__(self, name: str, arr: NDArray) -> None:
        """Fill ``arr``, which is called ``name``."""
        found = self.param.get(name)
        if found is None:
            if self.default_init is None:
                raise AssertionError(
                    f"Cannot Initialize {name}. Not found in loaded param and no default Initializer is provided."
                )
            self.default_init(name, arr)
            how = "by default"
        else:
            if arr.shape != found.shape:
                raise AssertionError(
                    f"Parameter {name} cannot be initialized from loading. Shape mismatch, target {arr.shape} vs "
                    f"loaded {found.shape}"
                )
            arr[:] = found
            how = "by loading"
        if self.verbose:
            logging.info("Initialized %s %s", name, how)


class Mixed:
    """Several initializers, of which the first counts whose regular expression matches the beginning of the name.

    ``ValueError`` where none matches: let ``".*"`` be the last. ``AssertionError`` where there are not as many of both.

    >>> from lazynd import init, nd
    >>> mixed = init.Mixed(["bias", ".*"], [init.Zero(), init.One()])
    >>> w = nd.zeros((2,))
    >>> mixed(init.InitDesc("dense0_weight"), w)
    >>> w.asnumpy()
    array([1., 1.], dtype=float32)
    """

    def __init__(self, patterns: Sequence[str], initializers: Sequence[Any]) -> None:
        if len(patterns) != len(initializers):
            raise AssertionError(f"{len(patterns)} patterns for {len(initializers)} initializers")
        self.map = list(zip(map(re.compile, patterns), initializers, strict=True))

    def __call__(self, name: str, arr: NDArray) -> None:
        """Fill ``arr``, which is called ``name``."""
        for pattern, chosen in self.map:
            if pattern.match(name):
                chosen(name, arr)
                return
        raise ValueError(
            f'Parameter name {name} did not match any pattern. Consider adding a ".*" pattern at the and with default '
            "Initializer."
        )
