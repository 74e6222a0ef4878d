"""``python -m tests.fuzz --programs N --seed S``: N aliasing programs, and N random graphs.

Prints what failed as runnable scripts, and how often each event occurred; exits 1 if anything failed or an event
was rarer than one program in twenty.
"""

from __future__ import annotations

import os

os.environ.setdefault("LAZYND_CACHE", "off")
os.environ.setdefault("LAZYND_VERIFY", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import multiprocessing
import sys
import time

from . import aliasing, graphs
from .tally import Tally
from .work import share


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--programs", type=int, default=10_000, help="aliasing programs")
    parser.add_argument("--graphs", type=int, help="random graphs, by default as many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    given = parser.parse_args()
    graphs_wanted = given.programs if given.graphs is None else given.graphs
    sound = True
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for kind, total in (("aliasing", given.programs), ("graphs", graphs_wanted)):
            started = time.perf_counter()
            tasks = [(kind, given.seed, first, given.jobs, total) for first in range(given.jobs)]
            tally = Tally()
            for part in pool.imap(share, tasks):
                tally.add(part)
            print(f"\n{kind}, seed {given.seed}: {tally.report()}, {time.perf_counter() - started:.0f} s")
            sound = sound and tally.sound(aliasing.EVENTS if kind == "aliasing" else graphs.EVENTS)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
