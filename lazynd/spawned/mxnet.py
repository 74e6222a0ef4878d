"""What a spawned process finds as ``mxnet``, when the process that spawned it ran under ``lazynd.as_mxnet``."""

import sys

import lazynd

if __name__ == "mxnet":
    del sys.modules["mxnet"]
    lazynd.as_mxnet()
    sys.modules["mxnet"] = lazynd
