"""What a standard loop compiled, by jax's own events and by our counters, and the programs it ran."""

import json
import sys

import jax

from benchmarks.loops import LOOPS
from lazynd.runtime.stats import stats

compiled: list[str] = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, seconds, **_: compiled.append(event) if event.endswith("backend_compile_duration") else None
)
LOOPS[sys.argv[1]]()
print(json.dumps({"events": len(compiled), **stats.snapshot()}))
