"""Fingerprint of what the points of a sweep over keys load, beside the code of its stage.

`artifacts/fingerprint.py` knows a job by one kind a role; these jobs have points of several.
"""

from sparsestep.artifacts import code_digest, fingerprint
from sparsestep.errors import SparsestepError

# Stages whose work a point is.
_STAGES = ("generate", "calibrate", "train", "measure")


def points_code(spec: dict) -> str:
    """Fingerprint, 16 hex digits, of the modules that the kinds in a job's points name."""
    return _digest("points", _STAGES, spec)


def images_code(spec: dict) -> str:
    """The same of a job that measures a point on images, which another job has trained."""
    return _digest("images", ("measure_images",), spec)


def require(current: str, loaded: str) -> None:
    """Raise SparsestepError where the code is no longer that of which Snakemake told the job."""
    if current != loaded:
        raise SparsestepError(
            "the sources changed while the workflow ran; start the same command again"
        )


def _digest(module: str, stages: tuple[str, ...], spec: dict) -> str:
    modules = {f"sparsestep.sweeps.{module}"} | {
        loaded
        for point in spec["points"]
        for stage in stages
        for loaded in fingerprint.modules_of_kinds(stage, {**spec["common"], **point["blocks"]})
    }
    return code_digest.digest_of(tuple(sorted(modules)))[:16]
