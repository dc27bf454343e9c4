"""Drawings: a module for each kind of figure, called as its Spec in `specs` is."""
