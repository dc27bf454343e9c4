"""config.yaml: all that a user may write, checked before the first job."""

from sparsestep.config.validation import load

__all__ = ["load"]
