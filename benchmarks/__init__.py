"""The figures that lazynd is held to, each with its budget, measured side by side with its peers in one run.

``python -m benchmarks [--quick] [--json FILE] [NAME ...]``. One file of ``figures/`` is one figure; adding a file
adds the figure. Scripts that need a process of their own lie in ``children/``.
"""
