"""``compile``: a function traced once for each signature; each further call records one node."""

from __future__ import annotations

import copy
import functools
import logging
import re
import sys
from collections.abc import Callable, Sequence
from sys import _getframe
from time import perf_counter
from types import CodeType, MethodType
from typing import Any, Final, ParamSpec, TypeVar, overload

from ..config import config
from ..ir.memo import Recent
from ..ir.types import default_context
from ..nd import NDArray
from ..nd.np_shape import is_np_shape
from ..runtime.record.call_tracer import CallTracer
from ..runtime.record.numbers import Number, put_back, value_of
from ..runtime.record.recorder import Recorder
from ..runtime.record.standing import Restart, find
from ..runtime.record.traced import Traced
from ..runtime.record.tracing import Untraceable
from ..runtime.tell.ledger import RETRACES, Retrace
from ..runtime.tell.location import calling_frame, describe, is_ours
from ..runtime.tell.sites import current_site
from ..runtime.tell.stats import logger
from ..runtime.tell.tracing import TRACING
from ..runtime.thread import LOCAL, State
from .arguments import Arguments, Structure, Unsupported, substituted
from .watch import Watch

_P = ParamSpec("_P")
_R = TypeVar("_R")
#: So many signatures of a function are remembered; see ``Recent``.
_SIGNATURES: Final = 64
#: So many ways to do what one signature says: arrays and variables of the outside may be other ones.
_VARIANTS: Final = 4
#: After so many traces because of names that mean something else, a warning says so.
_RETRACED: Final = 5


class Variant:
    """One trace: what it does, with what it gives, and the names that it has looked up."""

    __slots__ = ("structure", "traced", "watch")

    def __init__(self, traced: Traced, structure: Structure, watch: Watch) -> None:
        self.traced = traced
        self.structure = structure
        self.watch = watch

    def call(
        self, state: State, given: Arguments, code: CodeType | None, lasti: int, undo: list[Callable[[], None]]
    ) -> Any:
        made: list[Any] = self.traced.record(state, given.cells, given.numbers, code, lasti, undo)
        found = [each if each.__class__ is not tuple else _held(state, each, given) for each in made]
        return self.structure.build(iter(found))


def _held(state: State, origin: Any, given: Arguments) -> Any:
    """The array from outside that a call gives: the very handle, if it is an argument."""
    cell = find(origin, given.cells)
    if origin[0] == "argument":
        return given.handles[origin[1]]
    return cell


class Signature:
    """What is known of calls with one key: ``read`` are the numbers, by place, that Python needed when it traced."""

    __slots__ = ("read", "variants")

    def __init__(self) -> None:
        self.read: tuple[int, ...] = ()
        self.variants: dict[Any, list[Variant]] = {}

    def exact(self, numbers: list[Any]) -> Any:
        """Those numbers that are part of the signature, to the bit."""
        found = [n.known() if type(n) is Number else n for n in map(numbers.__getitem__, self.read)]
        return tuple([(type(n), n.hex() if type(n) is float else n) for n in found])


class Compiled:
    """A compiled function; see ``compile``. ``traces`` counts how often it was traced.

    ``name``: what the operation is called in graphs. ``static_alloc`` and ``static_shape`` are MXNet's, and change
    nothing: buffers are reused in any case. ``uses``: functions that ``function`` calls by ways that cannot be seen in
    its code, as a block calls its children; the names that they look up are watched too. ``blind``: to print an array
    in ``function`` shows its type, once, and does not end the trace.

    >>> from lazynd import compiled, nd
    >>> double = compiled.Compiled(lambda x: x * 2)
    >>> double(nd.ones(2)).asnumpy(), double(nd.ones(2)).shape, double.traces
    (array([2., 2.], dtype=float32), (2,), 1)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str | None = None,
        *,
        static_alloc: bool = False,
        static_shape: bool = False,
        uses: Sequence[Callable[..., Any]] = (),
        blind: bool = False,
    ) -> None:
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.uses = tuple(uses)
        self.name = name or _name_of(function)
        self.static_alloc, self.static_shape = static_alloc, static_shape
        self.blind = blind
        self.clear()

    def clear(self) -> None:
        """Forget all traces, and that the function could not be traced.

        >>> import lazynd
        >>> double = lazynd.compile(lambda x: x * 2)
        >>> double(lazynd.nd.ones(2)).shape
        (2,)
        >>> double.clear()
        >>> double.traces
        0
        """
        self.traces = 0
        #: Why Python runs as it stands, by mode.
        self._refused: dict[tuple[Any, ...], str] = {}
        self._signatures: Recent[Any, Signature] = Recent(_SIGNATURES)
        self._renamed = 0
        self._said: set[str] = set()

    @property
    def reasons(self) -> list[str]:
        """Why Python runs as it stands, where it does.

        >>> import lazynd
        >>> @lazynd.compile
        ... def positive(x):
        ...     return x if x.sum() > 0 else -x
        >>> positive(lazynd.nd.ones(2)).shape
        (2,)
        >>> positive.reasons
        ['a value is needed: bool']
        """
        return list(dict.fromkeys(self._refused.values()))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        state = LOCAL.state
        mode = (
            state.training, state.recording, state.record_depth > 0, is_np_shape(), default_context(),
            config.mask_generator,
        )  # fmt: skip
        if config.eager or (self._refused and mode in self._refused):
            return self.function(*args, **kwargs)
        recorder = state.recorder
        try:
            given = Arguments(recorder, args, kwargs)
            key = (mode, tuple(given.key))
            found = self._signatures.now.get(key) or self._signatures.older(key)
        except (Unsupported, TypeError) as error:  # TypeError: something among the arguments has no hash
            self._say_refused(str(error), None)
            return self.function(*args, **kwargs)
        frame = _getframe(1)
        if is_ours(frame):
            frame = calling_frame()
        if found is None:
            found = Signature()
            self._signatures.put(key, found)
        variants = found.variants.get(found.exact(given.numbers) if found.read else ())
        if variants:
            for variant in variants:
                if variant.traced.fits(recorder, given.cells, given.roots):
                    changed = variant.watch.changed()
                    if changed is None:
                        return variant.call(state, given, frame.f_code, frame.f_lasti, [])
                    variants.remove(variant)
                    self._say_changed(changed)
                    break
        return self._trace(state, mode, found, given, args, kwargs, frame.f_code, frame.f_lasti)

    def _trace(
        self,
        state: State,
        mode: Any,
        signature: Signature,
        given: Arguments,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        code: CodeType,
        lasti: int,
    ) -> Any:
        """Trace the function, and record the call; or run it as it stands, if that cannot be."""
        before, undo = state.given, list[Callable[[], None]]()
        try:
            tracer, variant = self._attempt(state, mode, given, args, kwargs, undo)
            state.given = [*tracer.ledger.hosts, *before]  # what the host has said counts for this call
            if isinstance(tracer.parent, CallTracer):
                tracer.parent.undo += undo
            if variant is not None:
                self._remember(signature, tracer, variant, given)
                return variant.call(state, given, code, lasti, undo)
            asked = len(state.given)
            try:
                return self.function(*args, **kwargs)
            finally:
                if len(state.given) < asked:  # Python has got there too
                    undo.clear()
        except BaseException:
            put_back(undo)
            raise
        finally:
            state.given = before

    def _attempt(
        self,
        state: State,
        mode: Any,
        given: Arguments,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        undo: list[Callable[[], None]],
    ) -> tuple[CallTracer, Variant | None]:
        """Trace the function; None, and the reason told, if that cannot be."""
        tracer, parted, before = CallTracer(state, undo), given.parted, state.given
        while True:
            try:
                return tracer, self._traced(tracer, given, args, kwargs, parted)
            except Restart as restart:
                if restart.args[0] is not tracer:
                    raise
                hosts, tracer, parted = tracer.ledger.hosts, CallTracer(state, undo), True
                state.given = [*hosts, *before]
            except (Untraceable, Unsupported) as reason:
                if _ends(tracer.parent):  # the trace around this one: it is not this function's affair
                    raise
                self._refused[mode] = str(reason)
                self._say_refused(str(reason), tracer.ended[1] if tracer.ended is not None else None)
                return tracer, None

    def _traced(
        self, tracer: CallTracer, given: Arguments, args: tuple[Any, ...], kwargs: dict[str, Any], parted: bool
    ) -> Variant:
        watch = Watch((self.function, *self.uses), given.things)
        if watch.assigns is not None:
            raise Unsupported(f"it assigns {watch.assigns}, a variable outside of it")

        def inner(value: Any) -> bool:
            return isinstance(value, NDArray) and value._cell is not None and tracer.owns(value._cell)

        trace = TRACING.now
        started = 0.0 if trace is None else perf_counter()
        try:
            structure, traced = self._run(tracer, given, args, kwargs, parted)
            if trace is not None:
                trace.span(f"trace {self.name}", "trace", current_site(), started)
            kept = watch.kept(inner)
            if kept is not None:
                raise Unsupported(f"it keeps an array in {kept}")
        except BaseException as error:
            watch.undo(None if isinstance(error, Untraceable | Unsupported | Restart) else inner)
            raise
        self.traces += 1
        watch.settle()
        return Variant(traced, structure, watch)

    def _run(
        self, tracer: CallTracer, given: Arguments, args: tuple[Any, ...], kwargs: dict[str, Any], parted: bool
    ) -> tuple[Structure, Traced]:
        """Run the function with what stands for its arguments."""
        state = tracer.state
        with state.preserved():
            state.recorder = tracer
            tracer.blind = tracer.blind or self.blind
            numbers = iter([tracer.ledger.argument(value_of(number)) for number in given.numbers])
            arrays = {}
            for number, handle in enumerate(given.handles):
                arrays[handle._cell] = type(handle)(tracer.argument(number, handle._cell, parted))
            positional = [substituted(each, arrays, numbers) for each in args]
            named = {name: substituted(each, arrays, numbers) for name, each in kwargs.items()}
            flags = state.recording, state.training, state.record_depth
            result = self.function(*positional, **named)
            if tracer.ended is not None:  # the body caught it
                raise tracer.ended[0]
            if flags != (state.recording, state.training, state.record_depth):
                raise Unsupported("it leaves recording or training mode other than it was")
            structure = Structure(result)
            return structure, Traced(tracer, self.name, [each._cell for each in structure.arrays])

    def _remember(self, signature: Signature, tracer: CallTracer, variant: Variant, given: Arguments) -> None:
        if tracer.local:
            return
        read = tuple(sorted({*signature.read, *tracer.read_numbers}))
        if read != signature.read:
            signature.read = read
            signature.variants = {}
        variants = signature.variants.setdefault(signature.exact(given.numbers) if read else (), [])
        variants.insert(0, variant)
        del variants[_VARIANTS:]
        while len(signature.variants) > _SIGNATURES:
            signature.variants.pop(next(iter(signature.variants)))

    def traced(self, *args: Any, **kwargs: Any) -> Traced:
        """What a call with these arguments would record; it is traced, whatever is known, and records nothing.

        ``ValueError`` that says why where no graph can hold it.

        >>> import lazynd
        >>> double = lazynd.compile(lambda x: x * 2)
        >>> double.traced(lazynd.nd.ones(2)).spec.body
        <graph (float32[2], float32[]) -> (float32[2]) of 1 node>
        """
        state = LOCAL.state
        before, given = state.given, Arguments(state.recorder, args, kwargs)
        undo: list[Callable[[], None]] = []
        tracer, parted = CallTracer(state, undo), given.parted
        try:
            while True:
                try:
                    return self._traced(tracer, given, args, kwargs, parted).traced
                except Restart as restart:
                    if restart.args[0] is not tracer:
                        raise
                    tracer, parted = CallTracer(state, undo), True
        except (Untraceable, Unsupported) as reason:
            where = f" at {describe(*tracer.ended[1], True)}" if tracer.ended is not None else ""
            raise ValueError(f"{self.name} has no graph: {reason}{where}") from None
        finally:
            state.given = before
            put_back(undo)

    def known(self) -> list[Traced]:
        """The traces that there are, of the newest signature first.

        >>> import lazynd
        >>> double = lazynd.compile(lambda x: x * 2)
        >>> double(lazynd.nd.ones(2)).shape, len(double.known())
        ((2,), 1)
        """
        signatures = [*self._signatures.now.values()][::-1]
        return [v.traced for s in signatures for variants in [*s.variants.values()][::-1] for v in variants]

    # ------------------------------------------------------------------------------------ what is told

    def _say_refused(self, reason: str, place: tuple[CodeType | None, int] | None) -> None:
        """Say once why Python runs as it stands."""
        if reason in self._said:
            return
        self._said.add(reason)
        RETRACES.append(Retrace(self.name, reason, current_site(), True))
        where = f" at {describe(*place, True)}" if place is not None else ""
        logger.info(
            "%s runs as Python, not as one operation: %s%s", self.name, reason, where,
            extra={"event": "trace", "reason": reason},
        )  # fmt: skip

    def _say_changed(self, changed: str) -> None:
        """A name means something else: the function is traced again."""
        self._renamed += 1
        RETRACES.append(Retrace(self.name, changed, current_site(), False))
        often = self._renamed == _RETRACED
        logger.log(
            logging.WARNING if often else logging.INFO,
            "%s is traced again: %s%s", self.name, changed,
            "; that has happened often: what changes from call to call should be an argument" if often else "",
            extra={"event": "retrace", "reason": changed},
        )  # fmt: skip

    # ------------------------------------------------------------------------------------ as an object

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        if getattr(self.function, "__qualname__", None) is not None and _named(self.function) is self:
            return self.function.__qualname__  # as functions are pickled: by name
        return _rebuild, (self.function, self.name, self.static_alloc, self.static_shape, self.blind)

    def __copy__(self) -> Compiled:
        return _rebuild(self.function, self.name, self.static_alloc, self.static_shape, self.blind)

    def __deepcopy__(self, memo: Any) -> Compiled:
        return _rebuild(copy.deepcopy(self.function, memo), self.name, self.static_alloc, self.static_shape, self.blind)

    def __repr__(self) -> str:
        return f"<compiled {self.name}>"


def _rebuild(function: Any, name: str, static_alloc: bool, static_shape: bool, blind: bool) -> Compiled:
    return Compiled(function, name, static_alloc=static_alloc, static_shape=static_shape, blind=blind)


def _named(function: Any) -> Any:
    """What is found under the name of ``function`` in its module."""
    found: Any = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found


def _name_of(function: Any) -> str:
    """What the operation is called in graphs."""
    name = getattr(function, "__qualname__", None) or type(function).__name__
    return re.sub(r"[^\w.<>]", "_", str(name).replace("<locals>.", "")) or "call"


def _ends(recorder: Recorder) -> bool:
    """Whether ``recorder`` is a trace that has ended, or is inside of one."""
    while recorder.traces:
        if recorder.ended is not None:  # type: ignore[attr-defined]  # of each that traces
            return True
        recorder = recorder.parent  # type: ignore[attr-defined]
    return False


@overload
def compile(function: Callable[_P, _R], /) -> Callable[_P, _R]: ...
@overload
def compile(function: None = None, /, *, name: str | None = None) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]: ...
def compile(function: Any = None, /, *, name: str | None = None) -> Any:
    """``function`` compiled: traced when it is first called, recorded as one operation at each further call.

    It may read and write arrays from outside, draw, record, differentiate and update: a whole training step is one
    operation. It is traced again for other types and another structure of its arguments, in another mode, and where
    names that it looks up mean something else. Where it cannot be traced, Python runs as it stands, and the logger says
    why; see the documentation's page on compiled functions. ``name``: what the operation is called in graphs. Without
    ``function``, a decorator.

    >>> import lazynd
    >>> from lazynd import autograd, nd
    >>> w = nd.array([1.0, 2.0])
    >>> w.attach_grad()
    >>> @lazynd.compile
    ... def step(x, rate):
    ...     with autograd.record():
    ...         loss = ((w * x) ** 2).sum()
    ...     loss.backward()
    ...     w[:] = w - rate * w.grad
    ...     return loss
    >>> [step(nd.ones(2), 0.125).asscalar() for _ in range(2)], step.traces
    ([np.float32(5.0), np.float32(2.8125)], 1)
    """
    if function is None:
        return functools.partial(Compiled, name=name)
    return Compiled(function, name)
