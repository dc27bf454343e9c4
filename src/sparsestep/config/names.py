"""Names that an experiment cannot have, because `snakemake <name>` already means something else."""

from collections.abc import Iterable

from sparsestep import registry
from sparsestep.mistakes import Mistakes

# Rules of the workflow; a test compares them with the files.
_RULES = ("all", "figures", "measurements", "simulations", "sweeps", "prepare_dataset")
_RULES += ("generate_problem", "calibrate_edges", "train_run", "train_images", "measure_run")
_RULES += ("measure_images", "sweep_runs", "collect_sweep", "run_simulation", "judge_claims")
_RULES += ("summarise_measurements", "write_report")


def reserved() -> set[str]:
    """Names of all rules that there are or may be."""
    drawn = {f"draw_{kind}" for kind in registry.kinds("figure")}
    return {*_RULES, *drawn, *(f"tabulate_{kind}" for kind in registry.kinds("summary"))}


def check(experiments: Iterable[str], mistakes: Mistakes) -> None:
    """Note each experiment that is called like a rule."""
    taken = reserved()
    for name in experiments:
        if name in taken:
            mistakes.add("a rule of the workflow has this name; choose another", name)
