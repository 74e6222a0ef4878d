"""Seconds until the first value of a long chain, which is compiled: of products, or of products and quotients."""

import json
import sys
import time

from lazynd import config, nd

who, count = sys.argv[1], int(sys.argv[2])
config.budget_nodes = count + 1
(nd.ones((2,)) * 2).asnumpy()  # the client starts, and with the fence a region with that budget
nd.waitall()
x = nd.ones((1000,))
start = time.perf_counter()
for i in range(count):
    x = x / 1.0001 if who == "divided" and i % 2 else x * 1.0001
x.wait_to_read()
print(json.dumps(time.perf_counter() - start))
