"""Compiled functions: Python that is traced once, and afterwards recorded as one operation.

>>> import lazynd
>>> from lazynd import nd
>>> @lazynd.compile
... def scaled(x, factor):
...     return nd.tanh(x) * factor
>>> scaled(nd.array([0.0, 1.0]), 2.0).shape
(2,)
"""

from __future__ import annotations

from .function import Compiled, compile
from .host import host_number, is_tracing, untraced

__all__ = ["Compiled", "compile", "host_number", "is_tracing", "untraced"]
