"""What the workflow computes, computed again by plain loops from the definitions alone.

The definitions are those of results/README.md (columns, verdicts, divergence), of the docstrings of
problems, schedules, algorithms and `training.edge`, and of `seeds.py`. Nothing here imports
sparsestep: a mistake that the package and its tests share is not shared by these. NumPy, and torch
for derivatives. Slow, and for tiny networks alone.
"""
