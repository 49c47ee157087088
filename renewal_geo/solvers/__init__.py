"""Optimisation engines on arrays, without policy: minimum cut, cuts and duals, annealing, packing."""
