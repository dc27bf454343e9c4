"""Sweeps: end values of an experiment at the points of a grid."""
