"""CPU seconds of the first forward and backward pass of an LSTM of 64 steps, which compiles."""

import json
import time

from benchmarks.recurrence import Layer, step_of
from lazynd import nd
from lazynd.runtime.tell.stats import stats

nd.ones((2,)).asnumpy()  # the client starts
step = step_of(Layer("lstm", 32, 32, 32))
programs = stats.programs
start = time.process_time()
step()
print(json.dumps({"seconds": time.process_time() - start, "programs": stats.programs - programs}))
