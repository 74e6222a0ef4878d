"""MXNet's module of its error class, and small things that programs take from it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from .ir.errors import MXNetError
from .reference import fronts

__all__ = [
    "MXNetError", "NotImplementedForSymbol", "c_str", "c_str_array", "data_dir", "data_dir_default", "mx_real_t",
    "py_str",
]  # fmt: skip

#: The dtype of arrays that are made without one.
mx_real_t: Final = np.float32
#: Classes of texts, numbers and whole numbers, for ``isinstance``.
string_types: Final = (str,)
numeric_types: Final = (float, int, np.generic)
integer_types: Final = (int, np.int32, np.int64)


class NotImplementedForSymbol(MXNetError):
    """What arrays can do and symbols cannot: ``function``, written as the operator ``alias``, on ``args``.

    >>> from lazynd import base
    >>> print(base.NotImplementedForSymbol(len, None))
    Function len is not implemented for Symbol and only available in NDArray.
    """

    def __init__(self, function: Callable[..., Any], alias: str | None, *args: Any) -> None:
        self.function = function.__name__
        self.alias = alias
        self.args = tuple(str(type(each)) for each in args)

    def __str__(self) -> str:
        written = f' (namely operator "{self.alias}")' if self.alias else ""
        given = f" with arguments ({', '.join(self.args)})" if self.args else ""
        return f"Function {self.function}{written}{given} is not implemented for Symbol and only available in NDArray."


def py_str(x: bytes) -> str:
    """Bytes in UTF-8 as text.

    >>> from lazynd import base
    >>> base.py_str(b"mxnet")
    'mxnet'
    """
    return x.decode("utf-8")


def c_str(string: str) -> ctypes.c_char_p:
    """Text as C has it: a pointer to its bytes in UTF-8.

    >>> from lazynd import base
    >>> base.c_str("mxnet").value
    b'mxnet'
    """
    return ctypes.c_char_p(string.encode("utf-8"))


def c_str_array(strings: Iterable[str]) -> ctypes.Array[ctypes.c_char_p]:
    """Texts as C has them: an array of pointers to their bytes in UTF-8.

    >>> from lazynd import base
    >>> list(base.c_str_array(["a", "b"]))
    [b'a', b'b']
    """
    encoded = [each.encode("utf-8") for each in strings]
    return (ctypes.c_char_p * len(encoded))(*encoded)


def data_dir_default() -> str:
    """The folder of data sets and models where the environment names none: ``~/.mxnet``.

    >>> import os
    >>> from lazynd import base
    >>> os.path.basename(base.data_dir_default()).lstrip(".")
    'mxnet'
    """
    if os.name == "nt":
        return os.path.join(os.environ.get("APPDATA", os.path.expanduser("~")), "mxnet")
    return os.path.join(os.path.expanduser("~"), ".mxnet")


def data_dir() -> str:
    """The folder of data sets and models: ``MXNET_HOME`` in the environment, or ``data_dir_default()``.

    >>> import os
    >>> from lazynd import base, util
    >>> util.setenv("MXNET_HOME", "models")
    >>> base.data_dir()
    'models'
    >>> util.setenv("MXNET_HOME", None)
    """
    return os.environ.get("MXNET_HOME", data_dir_default())


def _as_list(obj: Any) -> Any:
    """A list or tuple as it is, anything else alone in a list."""
    return obj if isinstance(obj, list | tuple) else [obj]


__getattr__, __dir__ = fronts(__name__)
