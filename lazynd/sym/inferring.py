"""What a symbol says of its shapes and dtypes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from warnings import warn

import numpy as np

from ..ir.errors import MXNetError
from ..ir.types import as_dtype
from . import infer
from .compose import not_found
from .node import Node, Outputs


class Inferring(Outputs):
    """Inference of shapes and dtypes, of what has outputs and variables."""

    __slots__ = ()

    def list_arguments(self) -> list[str]:
        raise NotImplementedError

    def list_inputs(self) -> list[str]:
        raise NotImplementedError

    def _variables(self) -> tuple[list[Node], list[Node]]:
        raise NotImplementedError

    def infer_shape(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """The shapes of arguments, outputs and auxiliary states, from those of some arguments, by place or by name.

        In a shape, 0 is an extent that is not known. If not all follows, a warning lists what is missing, and three
        times None is given. ``MXNetError`` if the shapes contradict each other.

        >>> from lazynd import sym
        >>> sym.Convolution(sym.var("x"), kernel=(3, 3), num_filter=8, name="c").infer_shape(x=(1, 3, 9, 9))
        ([(1, 3, 9, 9), (8, 3, 3, 3), (8,)], [(1, 8, 7, 7)], [])
        """
        found = self._shapes(args, kwargs)
        open_ = [None in each if each is not None else True for part in found for each in part]
        if not any(open_):
            return self._shapes_as_given(found)
        names = self.list_arguments()
        shown = self._shapes_as_given(found)[0]
        missing = [i for i, each in enumerate(found[0]) if each is None or None in each]
        warn(infer.undecided([names[i] for i in missing], [shown[i] for i in missing], "shape"), stacklevel=2)
        return None, None, None

    def infer_shape_partial(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """``infer_shape`` as far as it goes: 0 is an open extent, () an open shape.

        >>> from lazynd import sym
        >>> sym.FullyConnected(sym.var("x"), num_hidden=2, name="fc").infer_shape_partial(x=(0, 3))
        ([(0, 3), (2, 3), (2,)], [(0, 2)], [])
        """
        return self._shapes_as_given(self._shapes(args, kwargs))

    def _shapes(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """Shapes of arguments, outputs and states, None for what is open."""
        known = {}
        for key, value in self._known(args, kwargs, "shape").items():
            if not isinstance(value, tuple):
                raise TypeError(f"Arguments need to be shapes (tuple), but '{key}' is {type(value)}.")
            if not all(isinstance(n, int | np.integer) for n in value):
                raise TypeError(f"a shape is made of integers, but '{key}' is {value}")
            known[key] = infer.shape_from(value)
        return self._split(infer.infer_shapes(self._entries, {k: v for k, v in known.items() if v is not None}))

    def _split(self, found: infer.Inference[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        arguments, updated = self._variables()
        outputs = [found.of(entry) for entry in self._entries]
        return [found.of((n, 0)) for n in arguments], outputs, [found.of((n, 0)) for n in updated]

    @staticmethod
    def _shapes_as_given(found: Sequence[Sequence[Any]]) -> tuple[Any, Any, Any]:
        first, second, third = ([infer.shape_as_given(each) for each in part] for part in found)
        return first, second, third

    def _known(self, args: Sequence[Any], kwargs: Mapping[str, Any], what: str) -> dict[str, Any]:
        """What is said of variables, by name."""
        if args and kwargs:
            raise ValueError(f"Can only specify known argument {what}s either by positional or kwargs way.")
        names = self.list_inputs()
        for key in kwargs:
            if key not in names:
                raise MXNetError(not_found(f"Infer{what.capitalize()}", key, names))
        listed = self.list_arguments()
        if len(args) > len(listed):
            raise MXNetError(f"{len(args)} {what}s are given, but there are {len(listed)} arguments")
        placed = {name: value for name, value in zip(listed, args, strict=False) if value is not None}
        return {**placed, **kwargs}

    def infer_type(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """The dtypes of arguments, outputs and auxiliary states, from those of some arguments; see ``infer_shape``.

        >>> from lazynd import sym
        >>> sym.FullyConnected(sym.var("x"), num_hidden=2, name="fc").infer_type(x="float16")[1]
        [<class 'numpy.float16'>]
        """
        found = self._dtypes(args, kwargs)
        if all(each is not None for part in found for each in part):
            return found
        names = self.list_arguments()
        missing = [name for name, each in zip(names, found[0], strict=True) if each is None]
        warn(infer.undecided(missing, [None] * len(missing), "type"), stacklevel=2)
        return None, None, None

    def infer_type_partial(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """``infer_type`` as far as it goes: None is open.

        >>> from lazynd import sym
        >>> (sym.var("x") + 1).infer_type_partial()
        ([None], [None], [])
        """
        return self._dtypes(args, kwargs)

    def _dtypes(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], list[Any], list[Any]]:
        known = {key: as_dtype(value) for key, value in self._known(args, kwargs, "type").items() if value is not None}
        first, second, third = self._split(infer.infer_dtypes(self._entries, known))
        return [*map(infer.shown_dtype, first)], [*map(infer.shown_dtype, second)], [*map(infer.shown_dtype, third)]
