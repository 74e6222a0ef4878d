"""Whole programs of the kinds that people write, as they would write them for MXNet; lazynd runs the same files.

One file is one program: ``run()`` does the work and gives what it found as NumPy arrays. ``RTOL`` and ``ATOL`` say how
closely the results of two frameworks agree where the program rounds in the order of its framework; those that draw with
the framework's own random numbers are compared as closely as chance allows. What is compared holds for any seed.
"""

NAMES = (
    "gan", "k_means", "kalman_filter", "shallow_water", "policy_gradient", "written_out_gru", "growing_attention",
    "word2vec", "diffusion_sampler", "batched_evaluation", "tiny_transformer", "genetic_algorithm",
)  # fmt: skip
