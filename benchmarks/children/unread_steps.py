"""Peak resident memory, in MB, of a number of training steps whose losses nobody reads."""

import json
import pathlib
import re
import sys

from benchmarks.networks import Network, imperative
from lazynd import nd

step = imperative(Network((64, 128, 10), 64))
for _ in range(int(sys.argv[1])):
    step()
nd.waitall()
status = pathlib.Path("/proc/self/status")
if status.exists():  # getrusage also counts the parent before it became this process
    kilobytes = int(re.search(r"VmHWM:\s+(\d+)", status.read_text(encoding="utf-8"))[1])
else:
    import resource  # not on Windows, where this figure is missing

    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps(kilobytes / 1024))
