"""config.yaml: all that a user may write, checked before the first job."""

from sparsestep.config.validation import figure_spec, load

__all__ = ["figure_spec", "load"]
