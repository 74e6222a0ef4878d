"""Golden results of operators: what real MXNet 1.9.1 computes for the cases in ``cases``, kept in ``tests/data``.

``PYTHON_WITH_MXNET tools/make_goldens.py [FAMILY ...]`` makes them; nothing here imports lazynd.
"""
