"""Every setting of lazynd, typed, with its environment name. Imports nothing of lazynd."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_type_hints


def _flag(name: str, default: bool) -> bool:
    text = os.environ.get(name)
    return default if text is None else text.strip().lower() not in ("", "0", "false", "no", "off")


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{name}={text!r} is not a whole number") from None


def _real(name: str, default: float) -> float:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name}={text!r} is not a number") from None


def _cache_root() -> Path | None:
    """Absolute, so that it stays the same folder when the process changes its own."""
    text = os.environ.get("LAZYND_CACHE")
    if text is None:
        base = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):  # its specification has relative ones ignored
            base = os.path.join(os.path.expanduser("~"), ".cache")
        return Path(base) / "lazynd" if os.path.isabs(base) else None  # a user without a home
    if text.strip().lower() in ("", "0", "off", "no", "false"):
        return None
    try:
        return Path(text).expanduser().absolute()
    except (RuntimeError, OSError) as error:  # no such user; no current folder
        raise ValueError(f"LAZYND_CACHE={text!r} names no folder: {error}") from None


def _eager() -> bool:
    return _flag("LAZYND_EAGER", os.environ.get("MXNET_ENGINE_TYPE") == "NaiveEngine")


#: The backends that can be chosen.
BACKENDS: Final = {"xla", "numpy"}
TIERS: Final = ("auto", "compiled", "interpreted")
NANS: Final = ("off", "nan", "inf")
MASK_GENERATORS: Final = ("hash", "threefry")


@dataclass(slots=True)
class Config:
    """The settings, read from the environment when lazynd is imported; assign to change one, in all threads.

    >>> import lazynd
    >>> lazynd.config.window
    1
    >>> lazynd.config.window = "two"
    Traceback (most recent call last):
        ...
    TypeError: lazynd.config.window is of type int, 'two' is not
    """

    #: Run every operation at its own line, in NumPy (``LAZYND_EAGER``, ``MXNET_ENGINE_TYPE=NaiveEngine``).
    eager: bool = field(default_factory=_eager)
    #: Backend of programs: "xla" or "numpy" (``LAZYND_BACKEND``).
    backend: str = field(default_factory=lambda: os.environ.get("LAZYND_BACKEND", "xla"))
    #: Regions that have ended and may wait before the oldest of them runs (``LAZYND_WINDOW``).
    window: int = field(default_factory=lambda: _number("LAZYND_WINDOW", 1))
    #: Pending nodes outside ``record()`` that run, once there are more, up to a repetition (``LAZYND_BUDGET_NODES``).
    budget_nodes: int = field(default_factory=lambda: _number("LAZYND_BUDGET_NODES", 100))
    #: Pending nodes that run in any case, once there are more, also inside ``record()`` (``LAZYND_HARD_LIMIT``).
    hard_limit: int = field(default_factory=lambda: _number("LAZYND_HARD_LIMIT", 20_000))
    #: Operators in one program; more are split into several (``LAZYND_PROGRAM_NODES``).
    program_nodes: int = field(default_factory=lambda: _number("LAZYND_PROGRAM_NODES", 1_500))
    #: What runs a plan: "auto", the interpreter until compiling would have paid; "compiled" or "interpreted", always
    #: that (``LAZYND_TIER``).
    tier: str = field(default_factory=lambda: os.environ.get("LAZYND_TIER", "auto"))
    #: With "auto": how many times what compiling costs may be spent on interpreting first (``LAZYND_TIER_SCALE``).
    tier_scale: float = field(default_factory=lambda: _real("LAZYND_TIER_SCALE", 1.0))
    #: Threads that a product takes in the interpreter; 0 for as many as NumPy's (``LAZYND_INTERPRETER_THREADS``).
    interpreter_threads: int = field(default_factory=lambda: _number("LAZYND_INTERPRETER_THREADS", 1))
    #: Compiled programs kept, and their bytes of code (``LAZYND_PROGRAMS``, ``LAZYND_PROGRAM_BYTES``).
    programs: int = field(default_factory=lambda: _number("LAZYND_PROGRAMS", 2_000))
    program_bytes: int = field(default_factory=lambda: _number("LAZYND_PROGRAM_BYTES", 512 << 20))
    #: Folder of compiled programs kept between processes; None keeps none (``LAZYND_CACHE``, "off" for none).
    cache: Path | None = field(default_factory=_cache_root)
    #: Bytes that folder may hold; the least recently used go first (``LAZYND_CACHE_BYTES``).
    cache_bytes: int = field(default_factory=lambda: _number("LAZYND_CACHE_BYTES", 1 << 30))
    #: Keep the kernels of convolutions in the order of axes that XLA reads on a CPU (``LAZYND_KERNEL_LAYOUT``).
    kernel_layout: bool = field(default_factory=lambda: _flag("LAZYND_KERNEL_LAYOUT", True))
    #: Compile products with one-hot rows as gathers; programs that are there stay (``LAZYND_GATHER_ONE_HOT``).
    gather_one_hot: bool = field(default_factory=lambda: _flag("LAZYND_GATHER_ONE_HOT", True))
    #: Have the C library keep freed memory for the next run instead of giving it back to the system; read when the
    #: first program is compiled, for glibc alone (``LAZYND_RETAIN_MEMORY``).
    retain_memory: bool = field(default_factory=lambda: _flag("LAZYND_RETAIN_MEMORY", False))
    #: What computes the random bits of masks, as dropout's: "hash", or "threefry" like all other draws
    #: (``LAZYND_MASK_GENERATOR``).
    mask_generator: str = field(default_factory=lambda: os.environ.get("LAZYND_MASK_GENERATOR", "hash"))
    #: Roll loops that were written out into loops again, and take sums of products out of loops (``LAZYND_ROLL``).
    roll: bool = field(default_factory=lambda: _flag("LAZYND_ROLL", True))
    #: Compile sums of matrix products as one product, where they are large (``LAZYND_JOIN_SUMS``).
    join_sums: bool = field(default_factory=lambda: _flag("LAZYND_JOIN_SUMS", True))
    #: Keep activations channels last from one convolution to the next on a CPU (``LAZYND_CHANNELS_LAST``).
    channels_last: bool = field(default_factory=lambda: _flag("LAZYND_CHANNELS_LAST", True))
    #: Verify the graph after every pass (``LAZYND_VERIFY``).
    verify: bool = field(default_factory=lambda: _flag("LAZYND_VERIFY", False))
    #: Whether what gives NaN ("nan"), or NaN or infinity ("inf"), is searched for: "off", or one of them
    #: (``LAZYND_DEBUG_NANS``).
    debug_nans: str = field(default_factory=lambda: os.environ.get("LAZYND_DEBUG_NANS", "off"))
    #: Seconds of compiling after which progress is reported (``LAZYND_SLOW_COMPILE``).
    slow_compile: int = field(default_factory=lambda: _number("LAZYND_SLOW_COMPILE", 2))

    def __setattr__(self, name: str, value: Any) -> None:
        expected = _types().get(name)
        if expected is None:
            raise AttributeError(f"lazynd.config has no setting {name!r}; it has {', '.join(_types())}")
        if expected is float and type(value) is int:
            value = float(value)
        if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
            wanted = getattr(expected, "__name__", expected)
            raise TypeError(f"lazynd.config.{name} is of type {wanted}, {value!r} is not")
        if expected in (int, float) and not value >= 0:
            raise ValueError(f"lazynd.config.{name} is a number from 0, {value} is not")
        if name == "backend" and value not in BACKENDS:
            raise ValueError(f"lazynd.config.backend is one of {', '.join(sorted(BACKENDS))}, {value!r} is not")
        if name == "tier" and value not in TIERS:
            raise ValueError(f"lazynd.config.tier is one of {', '.join(TIERS)}, {value!r} is not")
        if name == "debug_nans" and value not in NANS:
            raise ValueError(f"lazynd.config.debug_nans is one of {', '.join(NANS)}, {value!r} is not")
        if name == "mask_generator" and value not in MASK_GENERATORS:
            raise ValueError(f"lazynd.config.mask_generator is one of {', '.join(MASK_GENERATORS)}, {value!r} is not")
        if isinstance(value, Path):
            value = value.absolute()  # wherever the program goes later
        object.__setattr__(self, name, value)

    @contextmanager
    def using(self, **settings: Any) -> Iterator[Config]:
        """``settings`` inside a ``with`` block, then what was before.

        >>> import lazynd
        >>> with lazynd.config.using(window=2, verify=True):
        ...     lazynd.config.window
        2
        >>> lazynd.config.window
        1
        """
        before = {name: getattr(self, name, None) for name in settings}
        changed = []
        try:
            for name, value in settings.items():
                setattr(self, name, value)
                changed.append(name)
            yield self
        finally:
            for name in changed:
                setattr(self, name, before[name])


@functools.cache
def _types() -> dict[str, Any]:
    return get_type_hints(Config)


config = Config()
