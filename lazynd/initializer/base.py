"""What every initializer is: how it is chosen by the name of an array, compared, and written as text."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from typing import Any
from warnings import warn

import numpy as np

from .. import nd, registry
from ..nd import NDArray, random


class InitDesc(str):
    """What an initializer is told of the array that it shall fill: a name, and more.

    ``attrs``: attributes of the variable; under ``"__init__"`` one that is to be used whatever the name says, an
    initializer or its ``dumps``. ``global_init``: what initializers that fill parts of an array fall back on.

    >>> from lazynd import init
    >>> desc = init.InitDesc("dense0_weight", {"__init__": "ones"})
    >>> desc, desc.attrs
    ('dense0_weight', {'__init__': 'ones'})
    """

    attrs: dict[str, Any]
    global_init: Any

    def __new__(cls, name: str, attrs: dict[str, Any] | None = None, global_init: Any = None) -> InitDesc:
        made = super().__new__(cls, name)
        made.attrs = attrs or {}
        made.global_init = global_init
        return made


def _mean_square(x: NDArray) -> str:
    return str((nd.norm(x) / math.sqrt(x.size)).asscalar())


#: What an array is filled with by the end of its name, first match first.
_BY_NAME = (
    ("weight", "_init_weight"), ("bias", "_init_bias"), ("gamma", "_init_gamma"), ("beta", "_init_beta"),
    ("min", "_init_zero"), ("max", "_init_one"), ("weight_quantize", "_init_quantized_weight"),
    ("bias_quantize", "_init_quantized_bias"),
)  # fmt: skip
#: The same where the name is a plain text.
_BY_PLAIN_NAME = (
    ("bias", "_init_bias"), ("gamma", "_init_gamma"), ("beta", "_init_beta"), ("weight", "_init_weight"),
    ("moving_mean", "_init_zero"), ("moving_var", "_init_one"), ("moving_inv_var", "_init_zero"),
    ("moving_avg", "_init_zero"), ("min", "_init_zero"), ("max", "_init_one"),
)  # fmt: skip


class Initializer:
    """Base of initializers: subclass it and write ``_init_weight(name, arr)``, which fills ``arr``.

    ``__call__(desc, arr)`` asks it for names that end in weight; biases, beta and min become 0, gamma and max 1, and
    other names are refused (``ValueError``). What ``desc`` brings in its ``"__init__"`` comes before all that.
    ``kwargs`` are what ``dumps`` shows and two initializers are compared by.

    >>> from lazynd import init, nd
    >>> class Countdown(init.Initializer):
    ...     def _init_weight(self, name, arr):
    ...         arr[:] = nd.arange(arr.size, 0, -1).reshape(arr.shape)
    >>> w = nd.zeros((2, 2))
    >>> Countdown()(init.InitDesc("dense0_weight"), w)
    >>> w.asnumpy()
    array([[4., 3.],
           [2., 1.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = kwargs
        self._verbose = False
        self._print_func: Callable[[NDArray], str] | None = None

    def __eq__(self, other: object) -> bool:
        """Whether both are of one class and have the same arguments."""
        return isinstance(other, Initializer) and type(self) is type(other) and self._kwargs == other._kwargs

    __hash__ = None  # type: ignore[assignment]  # as MXNet's: its arguments may change

    def set_verbosity(self, verbose: bool = False, print_func: Callable[[NDArray], str] | None = None) -> Initializer:
        """Log each array that is filled, with what ``print_func`` says of it: its root mean square by default.

        Reads the arrays. Gives the initializer itself.

        >>> from lazynd import init
        >>> init.Zero().set_verbosity(True)._verbose
        True
        """
        self._verbose = verbose
        self._print_func = print_func or _mean_square
        return self

    def _verbose_print(self, desc: str, how: str, arr: NDArray) -> None:
        if self._verbose and self._print_func:
            logging.info("Initialized %s as %s: %s", desc, how, self._print_func(arr))

    def dumps(self) -> str:
        """Name and arguments as JSON, of which ``init.create`` makes the same initializer.

        >>> from lazynd import init
        >>> init.Normal(0.5).dumps()
        '["normal", {"sigma": 0.5}]'
        """
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __call__(self, desc: str, arr: NDArray) -> None:
        """Fill ``arr``, whose name is ``desc``: an ``InitDesc``, or a text, which is deprecated."""
        if not isinstance(desc, InitDesc):
            self._plain(desc, arr)
            return
        if desc.global_init is None:
            desc.global_init = self
        own = desc.attrs.get("__init__", "")
        if own:
            create(own)._init_weight(desc, arr)
            self._verbose_print(desc, own, arr)
            return
        for ending, method in _BY_NAME:
            if desc.endswith(ending):
                getattr(self, method)(desc, arr)
                self._verbose_print(desc, ending, arr)
                return
        self._init_default(desc, arr)

    def _plain(self, name: str, arr: NDArray) -> None:
        text = "Calling initializer with init(str, NDArray) has been deprecated.please use init(mx.init.InitDesc(...), "
        warn(f"\033[91m{text}NDArray) instead.\033[0m", DeprecationWarning, stacklevel=3)
        if not isinstance(name, str):
            raise TypeError("name must be string")
        if not isinstance(arr, NDArray):
            raise TypeError("arr must be NDArray")
        if name.startswith("upsampling"):
            self._init_bilinear(name, arr)
        elif name.startswith("stn_loc") and name.endswith(("weight", "bias")):
            (self._init_zero if name.endswith("weight") else self._init_loc_bias)(name, arr)
        else:
            method = next((method for ending, method in _BY_PLAIN_NAME if name.endswith(ending)), "_init_default")
            getattr(self, method)(name, arr)

    # ---------------------------------------------------------------- what subclasses may write anew

    def _init_weight(self, name: str, arr: NDArray) -> None:
        raise NotImplementedError("Must override it")

    def _init_bias(self, name: str, arr: NDArray) -> None:
        arr[:] = 0.0

    def _init_gamma(self, name: str, arr: NDArray) -> None:
        arr[:] = 1.0

    def _init_beta(self, name: str, arr: NDArray) -> None:
        arr[:] = 0.0

    def _init_zero(self, name: str, arr: NDArray) -> None:
        arr[:] = 0.0

    def _init_one(self, name: str, arr: NDArray) -> None:
        arr[:] = 1.0

    def _init_quantized_bias(self, name: str, arr: NDArray) -> None:
        arr[:] = 0

    def _init_quantized_weight(self, name: str, arr: NDArray) -> None:
        arr[:] = random.randint(-127, 127, dtype="int32", ctx=arr.context).astype("int8").astype(arr.dtype)

    def _init_loc_bias(self, name: str, arr: NDArray) -> None:
        if arr.shape[0] != 6:
            raise AssertionError(f"the bias of a localisation network has 6 numbers, {name} has shape {arr.shape}")
        arr[:] = np.array([1.0, 0, 0, 0, 1.0, 0])

    def _init_bilinear(self, name: str, arr: NDArray) -> None:
        height, width = arr.shape[2:]
        half = math.ceil(width / 2)
        centre = (2 * half - 1 - half % 2) / (2 * half)
        across, down = (1 - np.abs(np.arange(n) / half - centre) for n in (width, height))
        arr[:] = np.broadcast_to(np.outer(down, across).astype("float32"), arr.shape)

    def _init_default(self, name: str, arr: NDArray) -> None:
        raise ValueError(
            f"Unknown initialization pattern for {name}. Default initialization is now limited to "
            '"weight", "bias", "gamma" (1.0), and "beta" (0.0).Please use '
            "mx.sym.Variable(init=mx.init.*) to set initialization pattern"
        )


_register = registry.get_register_func(Initializer, "initializer")


def register(klass: Any) -> Any:
    """Make a subclass of ``Initializer`` known by its name in lower case, as a decorator; ``init.create`` finds it.

    ``AssertionError`` for another class; a name that is taken over is warned of.

    >>> from lazynd import init
    >>> @init.register
    ... class Threes(init.Constant):
    ...     def __init__(self):
    ...         super().__init__(3)
    >>> init.create("threes").value
    3
    """
    return _register(klass)


alias = registry.get_alias_func(Initializer, "initializer")
create = registry.get_create_func(Initializer, "initializer")
