"""Initial values of parameters: the few that gluon's own tests need, until the module is there as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import nd

_CLASSES: dict[str, type[Initializer]] = {}


class InitDesc(str):
    """The name of a parameter, with attributes."""

    attrs: Mapping[str, Any]
    global_init: Any

    def __new__(cls, name: str, attrs: Mapping[str, Any] | None = None, global_init: Any = None) -> InitDesc:
        made = super().__new__(cls, name)
        made.attrs, made.global_init = attrs or {}, global_init
        return made


class Initializer:
    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = kwargs

    def __init_subclass__(cls) -> None:
        _CLASSES[cls.__name__.lower()] = cls

    def dumps(self) -> str:
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __call__(self, desc: Any, arr: nd.NDArray) -> None:
        create(desc.attrs.get("__init__") or self)._init_weight(desc, arr)

    def _init_weight(self, name: Any, arr: nd.NDArray) -> None:
        raise NotImplementedError


class Constant(Initializer):
    def __init__(self, value: Any = 0) -> None:
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, name: Any, arr: nd.NDArray) -> None:
        arr[:] = self.value


class Zero(Constant):
    def __init__(self) -> None:
        super().__init__(0)


class One(Constant):
    def __init__(self) -> None:
        super().__init__(1)


class Uniform(Initializer):
    def __init__(self, scale: float = 0.07) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, name: Any, arr: nd.NDArray) -> None:
        nd.random.uniform(-self.scale, self.scale, out=arr)


class Normal(Initializer):
    def __init__(self, sigma: float = 0.01) -> None:
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, name: Any, arr: nd.NDArray) -> None:
        nd.random.normal(0, self.sigma, out=arr)


class Xavier(Initializer):
    def __init__(self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3) -> None:
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        self.magnitude = magnitude

    def _init_weight(self, name: Any, arr: nd.NDArray) -> None:
        area = float(np.prod(arr.shape[2:]))
        scale = float(np.sqrt(self.magnitude * 2 / (arr.shape[1] * area + arr.shape[0] * area)))
        nd.random.uniform(-scale, scale, out=arr)


def create(name: Any, **kwargs: Any) -> Any:
    if not isinstance(name, str):
        return name
    if name.startswith("["):
        name, kwargs = json.loads(name)
    return _CLASSES[{"zeros": "zero", "ones": "one", "gaussian": "normal"}.get(name.lower(), name.lower())](**kwargs)
