"""The blocks inside of a block, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final


class Children(dict[str, Any]):
    """Blocks by name. ``version`` is another number after each change: compiled calls look at it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.version = 0
        super().__init__(*args, **kwargs)


_CHANGES: Final = ("__delitem__", "__ior__", "__setitem__", "clear", "pop", "popitem", "setdefault", "update")


def _counted(name: str) -> Callable[..., Any]:
    change = getattr(dict, name)

    def method(self: Children, *args: Any, **kwargs: Any) -> Any:
        self.__dict__["version"] = self.__dict__.get("version", 0) + 1  # there is none yet while it is unpickled
        return change(self, *args, **kwargs)

    method.__name__ = name
    return method


for _name in _CHANGES:
    setattr(Children, _name, _counted(_name))
