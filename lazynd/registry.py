"""Classes by name: how a base class's own and users' subclasses are registered, called otherwise, and made from text.

MXNet's modules make their ``register``, ``alias`` and ``create`` with it, and so can programs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar
from warnings import warn

from .reference import fronts

__all__ = ["get_alias_func", "get_create_func", "get_register_func", "get_registry"]

_C = TypeVar("_C", bound=type)

#: The classes of each base class, by name in lower case.
_CLASSES: Final[dict[type, dict[str, type]]] = {}


def get_registry(base_class: type) -> dict[str, type]:
    """A copy of what is registered for ``base_class``: its subclasses by name in lower case.

    >>> from lazynd import initializer, registry
    >>> registry.get_registry(initializer.Initializer)["zeros"].__name__
    'Zero'
    """
    return dict(_CLASSES.get(base_class, {}))


def get_register_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """A function that registers a subclass of ``base_class`` (else ``AssertionError``), under its own name or another.

    It gives the class, so that it is a decorator too. A name that another class has is taken over, with a
    ``UserWarning``. ``nickname`` is what messages call the classes.

    >>> from lazynd import registry
    >>> class Shape: pass
    >>> register = registry.get_register_func(Shape, "shape")
    >>> @register
    ... class Circle(Shape): pass
    >>> registry.get_registry(Shape)["circle"].__name__
    'Circle'
    """
    classes = _CLASSES.setdefault(base_class, {})

    def register(klass: _C, name: str | None = None) -> _C:
        if not issubclass(klass, base_class):
            raise AssertionError(f"Can only register subclass of {base_class.__name__}")
        key = (klass.__name__ if name is None else name).lower()
        before = classes.get(key)
        if before is not None:
            text = f"New {nickname} {klass.__module__}.{klass.__name__} registered with name {key} is overriding "
            warn(f"{text}existing {nickname} {before.__module__}.{before.__name__}", UserWarning, stacklevel=2)
        classes[key] = klass
        return klass

    register.__doc__ = f"Register {nickname} to the {nickname} factory"
    return register


def get_alias_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """A function that makes decorators, which register a subclass of ``base_class`` under further names.

    >>> from lazynd import registry
    >>> class Shape: pass
    >>> alias = registry.get_alias_func(Shape, "shape")
    >>> @alias("square", "box")
    ... class Rectangle(Shape): pass
    >>> sorted(registry.get_registry(Shape))
    ['box', 'square']
    """
    register = get_register_func(base_class, nickname)

    def alias(*aliases: str) -> Callable[[_C], _C]:
        def decorate(klass: _C) -> _C:
            for name in aliases:
                register(klass, name)
            return klass

        return decorate

    alias.__doc__ = f"Further names of a {nickname}"
    return alias


def get_create_func(base_class: type, nickname: str) -> Callable[..., Any]:
    """A function that makes an instance of a registered subclass of ``base_class``.

    It takes a name and the arguments of the class; JSON of a list of the two, as ``dumps`` of an initializer gives, or
    of a dict that has the name under ``nickname``; such a dict; or an instance, which it gives back.
    ``AssertionError`` for a name that is not registered.

    >>> from lazynd import initializer, registry
    >>> create = registry.get_create_func(initializer.Initializer, "initializer")
    >>> create("normal", sigma=0.5).dumps()
    '["normal", {"sigma": 0.5}]'
    >>> create('["constant", {"value": 2}]').dumps()
    '["constant", {"value": 2}]'
    """
    classes = _CLASSES.setdefault(base_class, {})

    def create(*args: Any, **kwargs: Any) -> Any:
        if args:
            name, args = args[0], args[1:]
        else:
            name = kwargs.pop(nickname)
        if isinstance(name, base_class):
            if args or kwargs:
                raise AssertionError(f"{nickname} is already an instance. Additional arguments are invalid")
            return name
        if isinstance(name, dict):
            return create(**name)
        if not isinstance(name, str):
            raise AssertionError(f"{nickname} must be of string type, {name!r} is not")
        if name.startswith(("[", "{")):
            if args or kwargs:
                raise AssertionError(f"JSON of {nickname} has its arguments; further ones are given")
            made = json.loads(name)
            return create(made[0], **made[1]) if isinstance(made, list) else create(**made)
        found = classes.get(name.lower())
        if found is None:
            text = f"{name.lower()} is not registered. Please register with {nickname}.register first"
            raise AssertionError(f"{text}; there are {', '.join(sorted(classes))}")
        return found(*args, **kwargs)

    create.__doc__ = f"Create a {nickname} instance from config"
    return create


__getattr__, __dir__ = fronts(__name__)
