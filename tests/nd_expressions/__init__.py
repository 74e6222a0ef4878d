"""Expressions of ``nd`` whose value, shape and dtype MXNet decides; see ``snippets``."""

from __future__ import annotations

from . import access, elementwise, whole

#: What the expressions are made of.
PRELUDE = """
A = nd.arange(6).reshape((2, 3)) - 2
B = nd.array([[1.5, -2, 0.25, 3], [0, 4, -1, 2], [7, 0.5, 1, -3]])
T = nd.arange(24).reshape((2, 3, 4))
V = nd.array([0.5, -1.5, 2.5])
I = nd.array([[7, -7, 3], [0, 5, -2]], dtype='int32')
J = nd.array([[2, 3, -4], [1, 6, 5]], dtype='int32')
H = nd.array([[1.25, 2.5], [-3.75, 4]], dtype='float64')
F = nd.array([1, 2, 3.5], dtype='float16')
U = nd.array([1, 2, 250], dtype='uint8')
N = nd.array([1, float('nan'), float('inf'), -float('inf')])
P = nd.array([[3, 1, 2], [5, 9, 7]])


def put(key, value, dtype='float32'):
    made = nd.zeros((2, 2), dtype=dtype)
    made[key] = value
    return made
"""

EXPRESSIONS = [*elementwise.EXPRESSIONS, *whole.EXPRESSIONS, *access.EXPRESSIONS]
