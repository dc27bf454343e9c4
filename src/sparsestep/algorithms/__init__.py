"""Algorithms: what one update of the parameters is, as a block of config.yaml.

A module each, whose `Spec` holds the options. How a model is trained with it is a trainer's work
(`registry.py`). Full-batch algorithms offer `noise(options, problem, row, loss_factor,
train_loss)`, the label noise of a replicate (see `label_noise.py`), where `train_loss`, (R, T), is
that of the run which this run is `of`; and may have an option `substeps`, updates per iteration.
"""

from typing import TYPE_CHECKING

from sparsestep import registry

if TYPE_CHECKING:
    from sparsestep.fields import Closed


def from_spec(spec: dict) -> "Closed":
    """The options that a validated `algorithm:` block describes."""
    return registry.load("algorithm", spec["kind"]).Spec(**spec)
