"""Random programs, random graphs and damaged files: ``python -m tests.fuzz --programs N --seed S``.

Aliasing programs: ``generate`` and the ``moves`` build a structure, ``program`` and ``holes`` fill it with numbers,
``world``, ``model`` and ``tape`` run it in NumPy, ``run`` runs it on the real runtime (mostly on ``donating``, the
interpreter whose donated buffers die) and compares, ``shrink`` makes what failed small, ``aliasing`` is the loop.
Random graphs: ``graph_plan`` and ``graphs``. Damaged files: ``files``. ``work`` lists the suites.
"""
