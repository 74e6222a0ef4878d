"""How the families are written: programs by family and name, and the two commonest kinds of program."""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.random  # NumPy loads it when it is first used, which no program is to pay for
from mxnet import autograd, nd

#: The arrays that a program has read, in order.
Results = Sequence[np.ndarray]


@dataclass(frozen=True)
class Program:
    """A program, ``run`` without arguments. Of what is ``drawn`` at random only shapes and types can be compared."""

    family: str
    name: str
    run: Callable[[], Results]
    drawn: bool = False


@dataclass(frozen=True)
class Values:
    """An array to be made: numbers between ``low`` and ``high``."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    low: float = -2.0
    high: float = 2.0

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"

    def make(self, seed: int) -> Any:
        """The array: the same numbers for the same ``seed``, whatever the version of NumPy."""
        made = np.random.RandomState(seed).uniform(self.low, self.high, self.shape)
        return nd.array(made, dtype=self.dtype)


_PROGRAMS: dict[str, Program] = {}


def add(family: str, name: str, run: Callable[[], Results], drawn: bool = False) -> None:
    """Add a program; its name is unique among all."""
    full = f"{family}: {name}"
    if full in _PROGRAMS:
        raise TypeError(f"two programs are called {full!r}")
    _PROGRAMS[full] = Program(family, full, run, drawn)


def add_all(family: str, runs: Mapping[str, Callable[[], Results]], drawn: bool = False) -> None:
    """Add programs by their names."""
    for name, run in runs.items():
        add(family, name, run, drawn)


def read(results: Any) -> Results:
    """What a call gave, one array or several, as NumPy arrays."""
    several = results if isinstance(results, list | tuple) else [results]
    return [each.asnumpy() for each in several]


def add_calls(family: str, calls: Mapping[str, Callable[..., Any]], *inputs: Sequence[Values]) -> None:
    """A program for each call: on the first of ``inputs``, the next on the second, and so on round."""
    for i, (name, function) in enumerate(calls.items()):
        values = inputs[i % len(inputs)]
        add(family, f"{name} of {', '.join(map(str, values))}", _call(function, values, _seed(name)))


def add_gradients(family: str, calls: Mapping[str, Callable[..., Any]], *inputs: Sequence[Values]) -> None:
    """The same with the gradients of all inputs."""
    for i, (name, function) in enumerate(calls.items()):
        values = inputs[i % len(inputs)]
        add(family, f"gradient of {name} of {', '.join(map(str, values))}", _gradient(function, values, _seed(name)))


def programs() -> list[Program]:
    """All programs, in the order of the files' names."""
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__, f"{__package__}."):
        importlib.import_module(module.name)
    return list(_PROGRAMS.values())


def _seed(name: str) -> int:
    return zlib.crc32(name.encode())


def _call(function: Callable[..., Any], values: Sequence[Values], seed: int) -> Callable[[], Results]:
    def run() -> Results:
        return read(function(*(each.make(seed + i) for i, each in enumerate(values))))

    return run


def _gradient(function: Callable[..., Any], values: Sequence[Values], seed: int) -> Callable[[], Results]:
    def run() -> Results:
        arrays = [each.make(seed + i) for i, each in enumerate(values)]
        for array in arrays:
            array.attach_grad()
        with autograd.record():
            y = function(*arrays)
        y.backward()
        return [y.asnumpy(), *(array.grad.asnumpy() for array in arrays)]

    return run
