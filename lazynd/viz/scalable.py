"""SVG of anything."""

from __future__ import annotations

from typing import Any

from .looking import of
from .picture import picture_of


def svg(shown: Any, title: str = "", hide_inputs: bool = False) -> str:
    """The graph as SVG, drawn without Graphviz: a box an operator with its result types, gradients in blue,
    updates in yellow.

    ``title`` is what a reader of screens says. ``hide_inputs`` leaves out what comes from outside.

    >>> from lazynd import nd, viz
    >>> text = viz.svg(nd.zeros((2, 3)) + 1)
    >>> text.startswith("<svg"), text.count("<rect"), "_plus_scalar" in text
    (True, 5, True)
    """
    return picture_of(of(shown), title, hide_inputs)
