"""Identity of a stage's code, so that editing it re-runs the stage, and only that.

The fingerprint is a hash over the content (`code_digest.py`) of the modules a job imports from this
package: those its stage imports, at any depth, and those that the kinds in its spec name
(`registry.py`).
"""

import functools

from sparsestep import registry
from sparsestep.artifacts import code_digest

_STAGES = "sparsestep.stages"


def stage_code(stage: str, spec: dict) -> str:
    """Fingerprint, 16 hex digits, of the code of `stage` for a job with this spec."""
    return _fingerprint(tuple(sorted({f"{_STAGES}.{stage}", *modules_of_kinds(stage, spec)})))


def modules_of_kinds(stage: str, spec: dict) -> list[str]:
    """Modules that a job of `stage` loads by the kinds in its spec."""
    model = spec["model"]["kind"] if "model" in spec else None
    match stage:
        case "prepare":
            wanted = [("dataset", spec["dataset"]["kind"])]
        case "generate":
            wanted = [("problem", spec["problem"]["kind"]), ("model", model)]
        case "calibrate":
            wanted = [(role, spec["algorithm"]["kind"]) for role in ("trainer", "algorithm")]
            wanted += [("model", model)]
        case "train" | "train_images" | "sweep":
            wanted = [(role, spec["algorithm"]["kind"]) for role in ("trainer", "algorithm")]
            wanted += [("schedule", spec["schedule"]["kind"]), ("model", model)]
            wanted += [("measure", name) for name in spec.get("measure", ())]
        case "measure" | "measure_images":
            wanted = [("model", model), *(("measure", name) for name in spec["measure"])]
        case "simulate":
            wanted = [("simulation", spec["kind"])]
        case "tabulate":
            wanted = [("simulation", spec["kind"]), ("summary", spec["kind"])]
        case "figure":
            runs = [run for shown in spec["experiments"].values() for run in shown["runs"].values()]
            wanted = [(role, spec["figure"]["kind"]) for role in ("figure", "drawing")]
            wanted += [("schedule", run["schedule"]["kind"]) for run in runs]
            wanted += spec.get("loads", [])
        case "claims":
            runs = [run for entry in spec["experiments"] for run in entry["runs"].values()]
            wanted = [("schedule", run["schedule"]["kind"]) for run in runs]
        case _:
            wanted = []
    if stage in ("train_images", "measure_images"):
        wanted.append(("network", model))
    of_model = {"trainer": model, "measure": model}
    return [registry.module_name(role, kind, of_model.get(role)) for role, kind in wanted]


def modules_of_stage(stage: str, spec: dict) -> list[str]:
    """Names of all modules of the package that count for a job of `stage`."""
    return code_digest.closure((f"{_STAGES}.{stage}", *modules_of_kinds(stage, spec)))


@functools.cache
def _fingerprint(roots: tuple[str, ...]) -> str:
    return code_digest.digest_of(roots)[:16]
