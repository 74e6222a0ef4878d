"""A process that forks as the benchmarks do, and says as JSON what it saw."""

import json
import os

from benchmarks.forking import Forks

seen = [1]


def add() -> int:
    seen.append(1)
    return len(seen)


def fail() -> None:
    raise ValueError("no")


forks = Forks()
said = {"before": len(seen), "in fork": [forks.run(add), forks.run(add)], "after": len(seen)}
said["error"] = forks.run(fail)["error"]
said["ended"] = "ended with status" in forks.run(lambda: os._exit(3))["error"]
print(json.dumps(said))
