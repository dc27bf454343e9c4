"""sparsestep: how large step sizes make SGD learn sparse features, as a cached workflow.

The stages of the workflow are pure functions that can be called without it::

    from sparsestep.problems import generate
    from sparsestep.training import train
    from sparsestep.measures import measure
"""

__version__ = "0.1.0"
