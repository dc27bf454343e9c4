"""sparsestep: how large step sizes make SGD learn sparse features, as a cached workflow.

The stages of the workflow are pure functions that can be called without it::

    from sparsestep.interactive import calibrate, generate, measure, train
"""

__version__ = "0.1.0"
