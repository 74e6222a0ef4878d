"""Small programs, such as the unit tests of a library of arrays are: 400 of them, in families, one file for a few.

They import ``mxnet``: real MXNet in its environment, lazynd under that name in ours. ``programs`` lists them all.
"""
