"""Arithmetic that gives the same bits on any processor: vectors, matrix products, singular values.

Training is chaotic: a last bit decides which replicates diverge. So nothing between config.yaml and
a trajectory is left to a library or a compiler that would choose the order of a sum, or what
becomes a fused operation, by the processor.
"""
