"""sparsestep: how large step sizes make SGD learn sparse features, as a cached workflow.

Results as tables, and experiments without the workflow::

    from sparsestep.laboratory import load, run

The stages of the workflow, pure functions, one by one::

    from sparsestep.interactive import calibrate, generate, measure, train
"""

__version__ = "0.1.0"
