"""Learning rates that change with the number of updates: an optimizer asks its scheduler at each step.

A rate is a number that travels with the updates, so a schedule compiles nothing anew.
"""

from __future__ import annotations

import logging
from math import cos, pi

from .reference import fronts

__all__ = ["CosineScheduler", "FactorScheduler", "LRScheduler", "MultiFactorScheduler", "PolyScheduler", "pi"]


class LRScheduler:
    """Base of schedulers: subclass it and write ``__call__(num_update)``, which gives the rate of that update.

    During the first ``warmup_steps`` updates the rate grows from ``warmup_begin_lr`` to ``base_lr`` ("linear"), or is
    ``warmup_begin_lr`` ("constant"). An optimizer that is given a ``learning_rate`` sets ``base_lr`` to it.
    ``ValueError`` for a ``warmup_begin_lr`` above ``base_lr``, negative steps and other modes, ``AssertionError`` for
    steps that are no int.

    >>> from lazynd import lr_scheduler
    >>> class Halving(lr_scheduler.LRScheduler):
    ...     def __call__(self, num_update):
    ...         return self.base_lr * 0.5 ** num_update
    >>> [Halving(base_lr=1)(n) for n in range(3)]
    [1.0, 0.5, 0.25]
    """

    def __init__(
        self,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        self.base_lr = base_lr
        if not isinstance(warmup_steps, int):
            raise AssertionError(f"warmup_steps is an int, {warmup_steps!r} is not")
        self.warmup_steps = warmup_steps
        self.warmup_final_lr = base_lr
        self.warmup_begin_lr = warmup_begin_lr
        if warmup_begin_lr > base_lr:
            raise ValueError("Base lr has to be higher than warmup_begin_lr")
        if warmup_steps < 0:
            raise ValueError("Warmup steps has to be positive or 0")
        if warmup_mode not in ("linear", "constant"):
            raise ValueError("Supports only linear and constant modes of warmup")
        self.warmup_mode = warmup_mode

    def get_warmup_lr(self, num_update: int) -> float:
        """The rate of an update during the warm-up (``AssertionError`` after it).

        >>> from lazynd import lr_scheduler
        >>> lr_scheduler.LRScheduler(base_lr=1, warmup_steps=4).get_warmup_lr(1)
        0.25
        """
        if not num_update < self.warmup_steps:
            raise AssertionError(f"the warm-up has {self.warmup_steps} updates, so update {num_update} is after it")
        if self.warmup_mode == "constant":
            return self.warmup_begin_lr
        grown = (self.warmup_final_lr - self.warmup_begin_lr) * num_update / self.warmup_steps
        return self.warmup_begin_lr + grown

    def __call__(self, num_update: int) -> float:
        """The rate of update ``num_update``, which counts from 1."""
        raise NotImplementedError("must override this")


def _check_factor(factor: float) -> None:
    if factor > 1.0:
        raise ValueError("Factor must be no more than 1 to make lr reduce")


class FactorScheduler(LRScheduler):
    """The rate times ``factor`` after every ``step`` updates, but never below ``stop_factor_lr``.

    ``ValueError`` for a ``step`` below 1 or a ``factor`` above 1; the warm-up as in ``LRScheduler``.

    >>> from lazynd import lr_scheduler
    >>> scheduler = lr_scheduler.FactorScheduler(step=2, factor=0.5, base_lr=1.0)
    >>> [scheduler(n) for n in range(1, 7)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """

    def __init__(
        self,
        step: int,
        factor: float = 1,
        stop_factor_lr: float = 1e-8,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if step < 1:
            raise ValueError("Schedule step must be greater or equal than 1 round")
        _check_factor(factor)
        self.step = step
        self.factor = factor
        self.stop_factor_lr = stop_factor_lr
        self.count = 0

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        while num_update > self.count + self.step:  # several at once after training goes on from a file
            self.count += self.step
            self.base_lr *= self.factor
            if self.base_lr < self.stop_factor_lr:
                self.base_lr = self.stop_factor_lr
                text = "Update[%d]: now learning rate arrived at %0.5e, will not change in the future"
            else:
                text = "Update[%d]: Change learning rate to %0.5e"
            logging.info(text, num_update, self.base_lr)
        return self.base_lr


class MultiFactorScheduler(LRScheduler):
    """The rate times ``factor`` after each of the updates listed in ``step``.

    ``AssertionError`` where ``step`` is no list or empty, ``ValueError`` where it does not increase, has one below 1,
    or ``factor`` is above 1; the warm-up as in ``LRScheduler``.

    >>> from lazynd import lr_scheduler
    >>> scheduler = lr_scheduler.MultiFactorScheduler(step=[2, 5], factor=0.1, base_lr=1.0)
    >>> [round(scheduler(n), 2) for n in range(1, 7)]
    [1.0, 1.0, 0.1, 0.1, 0.1, 0.01]
    """

    def __init__(
        self,
        step: list[int],
        factor: float = 1,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if not (isinstance(step, list) and step):
            raise AssertionError(f"step is a list of updates, {step!r} is not")
        for before, each in zip([None, *step], step, strict=False):
            if before is not None and each <= before:
                raise ValueError("Schedule step must be an increasing integer list")
            if each < 1:
                raise ValueError("Schedule step must be greater or equal than 1 round")
        _check_factor(factor)
        self.step = step
        self.cur_step_ind = 0
        self.factor = factor
        self.count = 0

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        while self.cur_step_ind < len(self.step) and num_update > self.step[self.cur_step_ind]:
            self.count = self.step[self.cur_step_ind]
            self.cur_step_ind += 1
            self.base_lr *= self.factor
            logging.info("Update[%d]: Change learning rate to %0.5e", num_update, self.base_lr)
        return self.base_lr


class _Falling(LRScheduler):
    """The rate falls from ``base_lr`` after the warm-up to ``final_lr`` at update ``max_update``, and stays there."""

    def __init__(
        self,
        max_update: int,
        base_lr: float,
        final_lr: float,
        warmup_steps: int,
        warmup_begin_lr: float,
        warmup_mode: str,
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if not isinstance(max_update, int):
            raise AssertionError(f"max_update is an int, {max_update!r} is not")
        if max_update < 1:
            raise ValueError("maximum number of updates must be strictly positive")
        self.base_lr_orig = base_lr
        self.max_update = max_update
        self.final_lr = final_lr
        self.max_steps = max_update - warmup_steps

    def _share(self, done: float) -> float:
        """What is left of the way to ``final_lr``, after so much of the updates from 0 to 1."""
        raise NotImplementedError

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        if num_update <= self.max_update:
            share = self._share((num_update - self.warmup_steps) / self.max_steps)
            self.base_lr = self.final_lr + (self.base_lr_orig - self.final_lr) * share
        return self.base_lr


class PolyScheduler(_Falling):
    """The rate falls as a power of the updates left: ``final_lr + (base_lr - final_lr) (1 - n / max_update) ** pwr``.

    ``n`` counts from the end of the warm-up, and ``max_update`` is where ``final_lr`` is reached: an int
    (``AssertionError``) above 0 (``ValueError``).

    >>> from lazynd import lr_scheduler
    >>> scheduler = lr_scheduler.PolyScheduler(max_update=4, base_lr=1.0)
    >>> [scheduler(n) for n in range(6)]
    [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]
    """

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        pwr: float = 2,
        final_lr: float = 0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        self.power = pwr

    def _share(self, done: float) -> float:
        return float((1 - done) ** self.power)


class CosineScheduler(_Falling):
    """The rate falls like half a wave of a cosine: slowly at first and at last (Loshchilov and Hutter, 2017, SGDR).

    ``final_lr + (base_lr - final_lr) (1 + cos(pi n / max_update)) / 2``, where ``n`` counts from the end of the
    warm-up; ``max_update`` is an int (``AssertionError``) above 0 (``ValueError``).

    >>> from lazynd import lr_scheduler
    >>> scheduler = lr_scheduler.CosineScheduler(max_update=4, base_lr=1.0)
    >>> [round(scheduler(n), 3) for n in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        final_lr: float = 0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)

    def _share(self, done: float) -> float:
        return (1 + cos(pi * done)) / 2


__getattr__, __dir__ = fronts(__name__)
