"""``DataLoader``: batches of a dataset, made here, in processes or in threads."""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from ...nd.host import fence, fresh_seed
from ...reference import fronts
from .batches import default_batchify_fn, default_mp_batchify_fn, make_batch
from .sampler import BatchSampler, RandomSampler, SequentialSampler
from .workers import Processes, Source, Threads, Unusable

__all__ = ["DataLoader", "DataLoaderV1", "default_batchify_fn", "default_mp_batchify_fn"]

logger: Final = logging.getLogger("lazynd")
_ITERATIONS: Final = itertools.count()
_FENCE: Final = "a DataLoader gives a batch"


class DataLoader:
    """Batches of ``dataset``: any object with a length and numbered examples.

    Give ``batch_size``, and ``shuffle`` or a ``sampler`` of numbers, and what becomes of the last numbers
    (``last_batch``: "keep", "discard" or "rollover"); or give a ``batch_sampler`` of lists of numbers
    (``ValueError`` otherwise). ``batchify_fn`` makes a batch of a list of examples: by default arrays are stacked, and
    tuples become a list of the batches of their parts.

    ``num_workers``: so many processes make the batches, ``prefetch`` of them ahead (by default two each), or threads
    with ``thread_pool``. The processes compute in NumPy and have no jax in them; they end with the loader. They run
    lambdas and what a script without ``__main__`` guard or a notebook defines. What cannot be sent to another process
    is used in threads instead; the log (``lazynd``) says so. What a worker raises is raised here, with its traceback;
    ``multiprocessing.TimeoutError`` if a batch takes more than ``timeout`` seconds. Each batch begins with random
    seeds of its own, drawn from ``mx.random``.

    ``auto_reload``: the next pass is begun as soon as one has ended. ``pin_memory`` and ``pin_device_id`` are taken and
    change nothing: batches are on ``cpu(0)``.

    >>> from lazynd import gluon, nd
    >>> data = gluon.data.ArrayDataset(nd.arange(6).reshape((3, 2)), nd.array([7, 8, 9]))
    >>> for x, y in gluon.data.DataLoader(data, batch_size=2):
    ...     print(x.shape, y.asnumpy())
    (2, 2) [7. 8.]
    (1, 2) [9.]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = None,
        shuffle: bool = False,
        sampler: Any = None,
        last_batch: str | None = None,
        batch_sampler: Any = None,
        batchify_fn: Callable[[Sequence[Any]], Any] | None = None,
        num_workers: int = 0,
        pin_memory: bool = False,
        pin_device_id: int = 0,
        prefetch: int | None = None,
        thread_pool: bool = False,
        timeout: float = 120,
        auto_reload: bool = False,
    ) -> None:
        self._source: Source | None = None
        self._iter: Iterator[Any] | None = None
        self._dataset = dataset
        self._pin_memory = pin_memory
        self._pin_device_id = pin_device_id
        self._thread_pool = thread_pool
        self._timeout = timeout
        self._auto_reload = auto_reload
        assert timeout > 0, f"timeout must be positive, given {timeout}"
        self._batch_sampler = _chosen(dataset, batch_size, shuffle, sampler, last_batch, batch_sampler)
        self._num_workers = max(num_workers, 0)
        self._prefetch = max(0, 2 * self._num_workers if prefetch is None else prefetch)
        if batchify_fn is None:
            apart = self._num_workers > 0 and not thread_pool
            batchify_fn = default_mp_batchify_fn if apart else default_batchify_fn
        self._batchify_fn = batchify_fn
        if auto_reload:
            self.refresh()

    def __iter__(self) -> Iterator[Any]:
        if not self._auto_reload:
            return self._batches()
        return self._reloading()

    def __len__(self) -> int:
        return len(self._batch_sampler)

    def __del__(self) -> None:
        if getattr(self, "_source", None) is not None:
            self.clean()
            self._end()

    def refresh(self) -> None:
        """Begin a pass now, with the batches that workers make ahead; the next loop goes through it."""
        self.clean()
        self._iter = self._batches(begin=True)

    def clean(self) -> None:
        """Drop a pass that was begun ahead."""
        begun, self._iter = self._iter, None
        if begun is not None:
            begun.close()  # type: ignore[attr-defined]  # a generator

    def _reloading(self) -> Iterator[Any]:
        if self._iter is None:
            self.refresh()
        begun, self._iter = self._iter, None
        assert begun is not None
        yield from begun
        self.refresh()

    # ------------------------------------------------------------------------------------------------ passes

    def _batches(self, begin: bool = False) -> Iterator[Any]:
        if not self._num_workers:
            return self._made_here()
        made = self._made_by_workers()
        if begin:
            next(made)
            return made
        return _begun(made)

    def _made_here(self) -> Iterator[Any]:
        numbers = iter(self._batch_sampler)
        while True:
            fence(_FENCE)
            indices = next(numbers, None)
            if indices is None:
                return
            yield make_batch(self._dataset, indices, self._batchify_fn)

    def _made_by_workers(self) -> Iterator[Any]:
        """None once the first batches are on their way, then the batches."""
        iteration = next(_ITERATIONS)
        source = self._workers()
        seed = fresh_seed()
        numbers = enumerate(iter(self._batch_sampler))
        waiting: deque[tuple[int, Any]] = deque()

        def push(count: int) -> None:
            for number, indices in itertools.islice(numbers, count):
                waiting.append((number, indices))
                source.submit(iteration, number, indices, (seed + number) & 0xFFFFFFFF)

        done = False
        try:
            push(self._prefetch)
            yield None
            while True:
                fence(_FENCE)
                push(1)
                if not waiting:
                    done = True
                    return
                try:
                    made = source.result(iteration, waiting[0][0], self._timeout)
                except Unusable as error:
                    source = self._threads(str(error))
                    for number, indices in waiting:
                        source.submit(iteration, number, indices, 0)
                    continue
                waiting.popleft()
                yield made
        except GeneratorExit:  # the loop was left: what is on its way is not wanted
            source.drop(iteration)
            done = True
            raise
        finally:
            if not done:  # an exception may have come between any two steps
                self._end()

    # ----------------------------------------------------------------------------------------------- workers

    def _workers(self) -> Source:
        if self._source is None or not self._source.alive:
            self._end()
            if self._thread_pool:
                self._source = Threads(self._dataset, self._batchify_fn, self._num_workers)
            else:
                try:
                    self._source = Processes(self._dataset, self._batchify_fn, self._num_workers)
                except Unusable as error:
                    return self._threads(str(error))
        return self._source

    def _threads(self, reason: str) -> Source:
        """Threads, from now on."""
        logger.warning(
            "DataLoader: its %d workers are threads, not processes: %s", self._num_workers, reason,
            extra={"event": "workers", "cause": reason},
        )  # fmt: skip
        self._end()
        self._thread_pool = True
        self._source = Threads(self._dataset, self._batchify_fn, self._num_workers)
        return self._source

    def _end(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.close()


def _begun(made: Iterator[Any]) -> Iterator[Any]:
    """The batches of ``made``, which begins when the first one is asked for."""
    for _ in made:
        break
    yield from made


def _chosen(
    dataset: Any, batch_size: int | None, shuffle: bool, sampler: Any, last_batch: str | None, batch_sampler: Any
) -> Any:
    """What gives the numbers of the examples of each batch."""
    if batch_sampler is not None:
        if batch_size is not None or shuffle or sampler is not None or last_batch is not None:
            raise ValueError(
                "batch_size, shuffle, sampler and last_batch must not be specified if batch_sampler is specified."
            )
        return batch_sampler
    if batch_size is None:
        raise ValueError("batch_size must be specified unless batch_sampler is specified")
    if sampler is None:
        sampler = RandomSampler(len(dataset)) if shuffle else SequentialSampler(len(dataset))
    elif shuffle:
        raise ValueError("shuffle must not be specified if sampler is specified")
    return BatchSampler(sampler, batch_size, last_batch or "keep")


class DataLoaderV1(DataLoader):
    """``DataLoader`` with the parameters that it had at first.

    >>> from lazynd.gluon.data.dataloader import DataLoaderV1
    >>> len(DataLoaderV1([1, 2, 3], 2))
    2
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = None,
        shuffle: bool = False,
        sampler: Any = None,
        last_batch: str | None = None,
        batch_sampler: Any = None,
        batchify_fn: Callable[[Sequence[Any]], Any] | None = None,
        num_workers: int = 0,
        pin_memory: bool = False,
        pin_device_id: int = 0,
    ) -> None:
        super().__init__(
            dataset, batch_size, shuffle, sampler, last_batch, batch_sampler, batchify_fn, num_workers, pin_memory,
            pin_device_id,
        )  # fmt: skip


__getattr__, __dir__ = fronts(__name__)
