"""Fingerprint of what the points of a sweep over keys load, beside the code of its stage.

`artifacts/fingerprint.py` knows a job by one kind a role; these jobs have points of several.
"""

from sparsestep.artifacts import code_digest, fingerprint

_POINTS = "sparsestep.sweeps.points"
# Stages whose work a point is.
_STAGES = ("generate", "calibrate", "train", "measure")


def points_code(spec: dict) -> str:
    """Fingerprint, 16 hex digits, of the modules that the kinds in a job's points name."""
    modules = {_POINTS} | {
        module
        for point in spec["points"]
        for stage in _STAGES
        for module in fingerprint.modules_of_kinds(stage, {**spec["common"], **point["blocks"]})
    }
    return code_digest.digest_of(tuple(sorted(modules)))[:16]
