"""A config with all stages that takes seconds: what this suite kills, fills and damages."""

import copy
import re
import shutil
from pathlib import Path

from conftest import TINY, with_simulations
from workflow.runner import Workflow

IMAGES = {
    "replicates": 1,
    "epochs": 3,
    "problem": {
        "kind": "images",
        "dataset": "digits",
        "n_train": 64,
        "n_test": 32,
        "batch_size": 16,
        "order_seed": 0,
        "vary": ["init", "order"],
    },
    "model": {"kind": "densenet", "depth": 7, "growth_rate": 4},
    "snapshots": {"first": 1, "evenly_spaced": 3, "last": True},
    "runs": {
        "momentum": {
            "algorithm": {"kind": "minibatch_sgd", "momentum": 0.9, "augment": True},
            "schedule": {"kind": "constant", "step_size": 0.05},
        }
    },
    "measure": {"losses": None, "channel_sparsity": {"blocks": ["block2", "last"]}},
}
# Everything that is not a log, a benchmark or Snakemake's own.
ARTEFACTS = (
    *("data/**/*", "problems/**/*", "edges/**/*", "runs/**/*", "simulations/**/*", "tables/**/*"),
    *("figures/**/*", "*.csv", "*.html", ".*.sha256"),
)
STAGES = (
    *("prepare", "generate", "calibrate", "train", "measure", "train_images", "measure_images"),
    *("simulate", "tabulate", "figure", "claims", "published", "summary", "report"),
)


def everything() -> dict:
    """A config with every stage in it: edges, a run that follows another, images, simulations."""
    config = with_simulations(copy.deepcopy(TINY))
    runs = config["experiments"]["first"]["runs"]
    del runs["small"]
    runs["decay-50"]["algorithm"] = {"kind": "sgd", "log_loss": True}
    runs["decay-50"]["schedule"]["step_size"] = {"of_edge": 0.5}
    runs["sde"] = {"algorithm": {"kind": "sde", "of": "decay-50", "noise": "isotropic"}}
    for name in ("parabolas", "descents"):
        del config["simulations"][name]
    for name in ("parabolas", "ends"):
        del config["figures"][name]
    config["experiments"]["digits"] = copy.deepcopy(IMAGES)
    config["figures"]["digits"] = {
        "kind": "training_curves",
        "experiment": "digits",
        "panels": ["train_loss", "feature_sparsity_last"],
    }
    # On a machine with a GPU too: results on the CPU are the same bytes. A checkpoint every update.
    config["compute"] = {"device": "cpu", "checkpoint_minutes": 1e-9}
    return config


def emptied(workflow: Workflow, folder: Path) -> Workflow:
    """A copy with nothing computed, but with its compiled kernels."""
    copy_of_it = workflow.copy(folder)
    copy_of_it.forget()
    return copy_of_it


def without_caches(workflow: Workflow, folder: Path) -> Workflow:
    """A copy with nothing computed or compiled, as after a download."""
    copy_of_it = emptied(workflow, folder)
    for caches in (copy_of_it.folder / "src").rglob("__pycache__"):
        shutil.rmtree(caches)
    return copy_of_it


def artefacts(workflow: Workflow) -> dict[str, bytes]:
    """Bytes of all artefacts by path below results/."""
    return workflow.contents(*ARTEFACTS)


def order_of_jobs(output: str) -> list[str]:
    """Rules in the order in which Snakemake started their jobs; it calls them local here."""
    return re.findall(r"^localrule (?!all:)(\w+):", output, flags=re.MULTILINE)


def volume(files: dict[str, bytes]) -> str:
    """How much was compared."""
    return f"{len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB"
