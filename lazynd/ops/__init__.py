"""The operators users call, one function each, grouped by family. Importing this package registers them."""

from . import elementwise, view
from .operator import OPERATORS, Operator, op

__all__ = ["OPERATORS", "Operator", "elementwise", "op", "view"]
