"""Callbacks: what a training loop calls after batches and epochs, to log, to show progress, to save.

Those after a batch take an object with ``epoch``, ``nbatch`` and ``eval_metric``. What they say goes to Python's root
logger at level INFO. Reading a metric is what makes its pending updates run.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Any

from .nd import NDArray, save
from .reference import fronts

__all__ = [
    "LogValidationMetricsCallback", "ProgressBar", "Speedometer", "do_checkpoint", "log_train_metric",
    "module_checkpoint", "save_checkpoint",
]  # fmt: skip


def _due(epoch: int, period: int) -> bool:
    return (epoch + 1) % int(max(1, period)) == 0


def module_checkpoint(
    mod: Any, prefix: str, period: int = 1, save_optimizer_states: bool = False
) -> Callable[..., None]:
    """A callback that has a module save itself after every ``period`` epochs, to files that begin with ``prefix``.

    >>> from lazynd import callback
    >>> class Module:
    ...     def save_checkpoint(self, prefix, epoch, save_optimizer_states):
    ...         print("saved", prefix, epoch)
    >>> save = callback.module_checkpoint(Module(), "net", period=2)
    >>> save(0); save(1)
    saved net 2
    """

    def callback(iter_no: int, sym: Any = None, arg: Any = None, aux: Any = None) -> None:
        if _due(iter_no, period):
            mod.save_checkpoint(prefix, iter_no + 1, save_optimizer_states)

    return callback


def save_checkpoint(
    prefix: str,
    epoch: int,
    symbol: Any,
    arg_params: dict[str, NDArray],
    aux_params: dict[str, NDArray],
    remove_amp_cast: bool = True,
) -> None:
    """Save a symbol (None is left out) to ``PREFIX-symbol.json`` and parameters to ``PREFIX-EPOCH.params``.

    The names of parameters begin with ``arg:`` and ``aux:`` in the file.

    >>> from lazynd import callback, nd
    >>> callback.save_checkpoint("net", 3, None, {"weight": nd.ones(2)}, {})
    >>> sorted(nd.load("net-0003.params"))
    ['arg:weight']
    """
    if symbol is not None:
        symbol.save(f"{prefix}-symbol.json", remove_amp_cast=remove_amp_cast)
    kinds = (("arg", arg_params), ("aux", aux_params))
    file = f"{prefix}-{epoch:04d}.params"
    save(file, {f"{kind}:{name}": value for kind, params in kinds for name, value in params.items()})
    logging.info('Saved checkpoint to "%s"', file)


def do_checkpoint(prefix: str, period: int = 1) -> Callable[..., None]:
    """A callback that saves symbol and parameters after every ``period`` epochs: see ``save_checkpoint``.

    >>> from lazynd import callback, nd
    >>> save = callback.do_checkpoint("net", period=10)
    >>> save(9, None, {"weight": nd.ones(2)}, {})
    >>> nd.load("net-0010.params")["arg:weight"].shape
    (2,)
    """

    def callback(iter_no: int, sym: Any, arg: Any, aux: Any) -> None:
        if _due(iter_no, period):
            save_checkpoint(prefix, iter_no + 1, sym, arg, aux)

    return callback


def log_train_metric(period: int, auto_reset: bool = False) -> Callable[[Any], None]:
    """A callback that logs the metric after every ``period`` batches, and resets it then if ``auto_reset``.

    >>> from lazynd import callback
    >>> log = callback.log_train_metric(period=100)
    """

    def callback(param: Any) -> None:
        if param.nbatch % period == 0 and param.eval_metric is not None:
            for name, value in param.eval_metric.get_name_value():
                logging.info("Iter[%d] Batch[%d] Train-%s=%f", param.epoch, param.nbatch, name, value)
            if auto_reset:
                param.eval_metric.reset_local()

    return callback


class Speedometer:
    """Logs samples a second and the metric, after every ``frequent`` batches of ``batch_size`` samples.

    ``auto_reset``: the metric is reset each time, so that it is of those batches. What runs asynchronously is waited
    for when the metric is read; without a metric the speed is that of recording.

    >>> from lazynd import callback
    >>> speedometer = callback.Speedometer(batch_size=256, frequent=10)
    """

    def __init__(self, batch_size: int, frequent: int = 50, auto_reset: bool = True) -> None:
        self.batch_size = batch_size
        self.frequent = frequent
        self.init = False
        self.tic = 0.0
        self.last_count = 0
        self.auto_reset = auto_reset

    def __call__(self, param: Any) -> None:
        """Called after each batch."""
        count = param.nbatch
        if self.last_count > count:  # another epoch
            self.init = False
        self.last_count = count
        if not self.init:
            self.init = True
            self.tic = time.time()
        elif count % self.frequent == 0:
            self._log(param, count)
            self.tic = time.time()

    def _log(self, param: Any, count: int) -> None:
        found = param.eval_metric.get_name_value() if param.eval_metric is not None else None
        took = time.time() - self.tic
        speed = self.frequent * self.batch_size / took if took else math.inf
        if found is None:
            logging.info("Iter[%d] Batch [%d]\tSpeed: %.2f samples/sec", param.epoch, count, speed)
            return
        if self.auto_reset:
            param.eval_metric.reset_local()
        first = count - self.frequent if self.auto_reset else 0
        text = "Epoch[%d] Batch [%d-%d]\tSpeed: %.2f samples/sec" + "\t%s=%f" * len(found)
        logging.info(text, param.epoch, first, count, speed, *(each for pair in found for each in pair))


class ProgressBar:
    """Logs a bar of ``length`` characters, of so many batches of ``total`` done.

    >>> from lazynd import callback
    >>> bar = callback.ProgressBar(total=100)
    """

    def __init__(self, total: int, length: int = 80) -> None:
        self.bar_len = length
        self.total = total

    def __call__(self, param: Any) -> None:
        """Called after each batch."""
        share = param.nbatch / float(self.total)
        done = round(self.bar_len * share)
        bar = "=" * done + "-" * (self.bar_len - done)
        logging.info("[%s] %s%s\r", bar, math.ceil(100.0 * share), "%")


class LogValidationMetricsCallback:
    """Logs the metric after an epoch's validation.

    >>> from lazynd import callback
    >>> log = callback.LogValidationMetricsCallback()
    """

    def __call__(self, param: Any) -> None:
        """Called after each validation."""
        if param.eval_metric:
            for name, value in param.eval_metric.get_name_value():
                logging.info("Epoch[%d] Validation-%s=%f", param.epoch, name, value)


__getattr__, __dir__ = fronts(__name__)
