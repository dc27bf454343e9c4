"""When a small network has diverged: every trainer means the same."""

import importlib

from sparsestep import registry


def test_all_trainers_give_up_at_the_same_residual():
    # Numba keeps kernels compiled with a constant of their own module, so that each has a copy.
    modules = {name for kind, name in registry.TRAINERS.items() if not kind.startswith("images/")}
    modules |= {f"sparsestep.training.{part}" for part in ("mlp_lanes", "mlp_two_layer_descent")}
    limits = {
        name: importlib.import_module(name).EXPLODED
        for name in modules
        if hasattr(importlib.import_module(name), "EXPLODED")
    }
    assert len(limits) == 5
    assert set(limits.values()) == {1e100}
