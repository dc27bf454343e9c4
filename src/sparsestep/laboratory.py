"""Questions from Python: results of the workflow as tables, and experiments without Snakemake.

    from sparsestep.laboratory import load, run

    load("diagonal", "decay-50")    # what `snakemake` has measured of a run of config.yaml
    run({"like": "diagonal", "iterations": 5000, "replicates": 4})    # as a block of `experiments:`

Both return a pandas DataFrame with a row for each replicate and snapshot. What is wrong is said in
ConfigError's or ArtifactError's one line, of a block with the key's path inside of it.
"""

import contextlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sparsestep import registry
from sparsestep.artifacts.identity import canonical_json, identity
from sparsestep.config import text
from sparsestep.config.blocks import Experiment
from sparsestep.errors import ArtifactError, ConfigError
from sparsestep.mistakes import shown, suggest
from sparsestep.plan import Plan
from sparsestep.plan.inputs import Input

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["load", "run"]


def load(
    experiment: str,
    run: str | None = None,
    config: str | Path = "config.yaml",
    results: str | Path = "results",
) -> "pd.DataFrame":
    """What is measured of a run under the settings of config.yaml as they are now.

    Columns: replicate, iteration, diverged_at (-1: survived), and a column for each metric, which
    results/README.md defines; NaN where a replicate has diverged. Without `run`, all runs of the
    experiment below each other, and a column `run` first. `config` and `results` are relative to
    the current folder. Whether code has changed since they were computed, `snakemake -n` says.

    Raises ConfigError for an invalid config and for a name that it does not have, ArtifactError
    where a table has not been computed yet or is damaged; the message says what to type.
    """
    plan = Plan(_content(config))
    blocks = plan.config.experiments
    if experiment not in blocks:
        raise ConfigError(f"{config} has no such experiment{suggest(experiment, list(blocks))}")
    runs = list(blocks[experiment].runs)
    if run is not None and run not in runs:
        raise ConfigError(f"{config}: experiments.{experiment} has no such run{suggest(run, runs)}")
    tables = plan.experiments.tables([experiment])
    wanted = [of for of in tables if run is None or of.names == (experiment, run)]
    at = {of: str(Path(results, Path(of.path).relative_to("results"))) for of in wanted}
    _require_computed(experiment, at)
    # pandas and pyarrow are slow to import.
    from sparsestep.artifacts.tables import read_tables

    names = [list(of.described()) for of in wanted]
    table = read_tables(list(at.values()), names)[experiment]
    return table if run is None else table.drop(columns="run")


def run(
    experiment: dict[str, Any], threads: int = 1, config: str | Path = "config.yaml"
) -> "pd.DataFrame":
    """Train and measure every run of an experiment, given as a block of config.yaml's.

    The numbers are those that `snakemake` computes for the same block, in its order: column `run`
    first, the others as of `load`. Edges that step sizes refer to are found first, and runs that
    others follow are trained before these. Nothing is written. `threads` train replicates side by
    side and change no number. `config` is the file in which `like:` finds its experiment.

    Raises ConfigError, a line for each mistake, with paths inside the block; also for networks on
    images, which take a workflow.
    """
    if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
        raise ConfigError(f"threads: got {threads!r}; must be a whole number from 1 on")
    plan, name = _planned(experiment, config)
    entry = plan.config.experiments[name]
    _require_vectors(entry)
    import pandas as pd

    with _one_thread_a_call():
        parts = [_measured(plan, name, batch, threads) for batch in plan.experiments.batches(name)]
    tables = [tables[run] for run in entry.runs for tables in parts]
    return pd.concat(tables, ignore_index=True)


def _measured(plan: Plan, name: str, batch: str, threads: int) -> dict[str, "pd.DataFrame"]:
    """The table of every run for a batch of replicates, as the stages make it."""
    from sparsestep import measures, problems, training
    from sparsestep.training import edge, starts

    of, runs = plan.experiments, plan.config.experiments[name].runs
    problems_by_id = {}

    def told(spec: dict[str, Any]) -> dict[str, Any]:
        # As a job reads it: the order of the keys is that of the columns.
        return json.loads(canonical_json(of.batched(spec, name, batch)))

    followed = {entry.followed for entry in runs.values()}
    edges, trajectories, tables = {}, {}, {}
    for run in sorted(runs, key=lambda run: runs[run].followed is not None):
        problem_id = of.problem_id(name, run)
        if problem_id not in problems_by_id:
            # Runs may have data, a network or a T of their own.
            problems_by_id[problem_id] = problems.generate(told(of.problem(name, run)))
        problem, found = problems_by_id[problem_id], None
        if of.scheduled(name, run).is_relative:
            # Runs that differ in the fraction alone share their edges.
            spec = told(of.edges(name, run))
            if identity(spec) not in edges:
                edges[identity(spec)] = edge.calibrate(problem, spec, threads)
            found = edges[identity(spec)]
        spec = told(of.run(name, run))
        other = trajectories.get(runs[run].followed)
        start = starts.perturbed(problem, spec)
        trajectory = training.train(start, spec, threads, found, other)
        if run in followed:
            trajectories[run] = trajectory
        spec = told(of.measured(name, run, batch))
        table = measures.measure(problem, trajectory, spec, threads)
        table.insert(0, "run", run)
        tables[run] = table
    return tables


def _planned(block: Any, config: str | Path) -> tuple[Plan, str]:
    """The plan of a config with this experiment, and the name that it has there."""
    if not isinstance(block, dict):
        raise ConfigError(
            f"the experiment: got {shown(block)}; must be a dict, a block of `experiments:`; valid "
            f"keys: {', '.join(Experiment.model_fields)}"
        )
    others = {}
    if "like" in block:
        others = _content(config).get("experiments")
        others = others if isinstance(others, dict) else {}
        # Of other runs, perhaps; nothing is claimed here.
        block = {"claims": {}, **block}
    names = itertools.chain(["experiment"], (f"experiment-{n}" for n in itertools.count(2)))
    name = next(name for name in names if name not in others)
    try:
        return Plan({"experiments": {**others, name: block}}), name
    except ConfigError as error:
        # Nobody has given it this name.
        lines = str(error).replace(f"experiments.{name}.", "")
        raise ConfigError(lines.replace(f"experiments.{name}", "the experiment")) from None


def _content(config: str | Path) -> dict[str, Any]:
    """What a config file holds."""
    text.check(config)
    with open(config, encoding="utf-8") as file:
        return yaml.safe_load(file)


def _require_computed(experiment: str, at: dict[Input, str]) -> None:
    missing = [path for path in at.values() if not Path(path).exists()]
    if missing:
        raise ArtifactError(
            f"{missing[0]}: not computed yet under these settings, {len(missing)} of {len(at)} "
            f"tables; compute with: snakemake {experiment}"
        )


def _require_vectors(entry: Experiment) -> None:
    if entry.family.name != "vectors":
        kinds = registry.kinds("problem")
        valid = [kind for kind in kinds if registry.family("problem", kind) == "vectors"]
        raise ConfigError(
            f"problem.kind: got {entry.problem.kind!r}; networks on images are trained by "
            f"snakemake, with the block in config.yaml; valid here: {', '.join(valid)}"
        )


@contextlib.contextmanager
def _one_thread_a_call() -> Iterator[None]:
    """Let linear algebra use one thread, as in the jobs (`stages/__init__.py`): sums round so."""
    # SciPy's library is another than NumPy's, and must be there to be told.
    import scipy.linalg  # noqa: F401
    import threadpoolctl

    with threadpoolctl.threadpool_limits(1):
        yield
