"""``python -m tests.fuzz --programs N --seed S``: N aliasing programs, N random graphs, and N damaged files.

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

from .tally import Tally
from .work import SUITES, share


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--programs", type=int, default=10_000, help="aliasing programs")
    parser.add_argument("--graphs", type=int, help="random graphs, by default as many")
    parser.add_argument("--files", type=int, help="damaged files, by default as many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    given = parser.parse_args()
    wanted = {"aliasing": given.programs, "graphs": given.graphs, "files": given.files}
    sound = True
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for kind, (_, events) in SUITES.items():
            total = given.programs if wanted[kind] is None else wanted[kind]
            started = time.perf_counter()
            tasks = [(kind, given.seed, first, given.jobs, total) for first in range(given.jobs)]
            tally = Tally()
            for part in pool.imap(share, tasks):
                tally.add(part)
            print(f"\n{kind}, seed {given.seed}: {tally.report()}, {time.perf_counter() - started:.0f} s")
            sound = tally.sound(events) and sound
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
