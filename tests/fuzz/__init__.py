"""Random programs and random graphs, compared with NumPy: ``python -m tests.fuzz --programs N --seed S``."""
