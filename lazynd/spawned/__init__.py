"""A folder for ``sys.path`` of the processes that a script spawns: in it, ``mxnet`` is lazynd."""
