"""Paths of all files in results/: a template for each kind of file, with the rules' wildcards.

The outputs of workflow/rules/ are tested against these, and `sparsestep.unused` knows by them what
this workflow writes.
"""

import re

from sparsestep.fields import NAME_PATTERN

ID_PATTERN = "[0-9a-f]{12}"
BATCH_PATTERN = "[0-9]+-[0-9]+"

# For `wildcard_constraints:`. A run's name may hold digits and dashes; its id is what follows the
# last dash, of fixed length.
WILDCARDS = {
    "experiment": NAME_PATTERN,
    "run": NAME_PATTERN,
    "sweep": NAME_PATTERN,
    "simulation": NAME_PATTERN,
    "dataset": NAME_PATTERN,
    "figure": NAME_PATTERN,
    "dataset_id": ID_PATTERN,
    "problem_id": ID_PATTERN,
    "edges_id": ID_PATTERN,
    "run_id": ID_PATTERN,
    "sweep_id": ID_PATTERN,
    "chunk": ID_PATTERN,
    "simulation_id": ID_PATTERN,
    "batch": BATCH_PATTERN,
}

DATASET = "results/data/{dataset}-{dataset_id}.safetensors"
PROBLEM = "results/problems/{experiment}-{problem_id}/{batch}.safetensors"
EDGES = "results/edges/{experiment}-{edges_id}/{batch}.safetensors"
TRAJECTORY = "results/runs/{experiment}/{run}-{run_id}/{batch}/trajectory.safetensors"
MEASUREMENTS = "results/runs/{experiment}/{run}-{run_id}/{batch}/measurements.parquet"
SWEEP = "results/sweeps/{sweep}-{sweep_id}/{chunk}/{batch}.parquet"
COLLECTED = "results/sweeps/{sweep}.csv"
SIMULATION = "results/simulations/{simulation}-{simulation_id}.parquet"
SHORT_TABLE = "results/tables/{simulation}.csv"
# In each format of its kind.
FIGURE = "results/figures/{figure}.{suffix}"
SUMMARY = "results/summary.csv"
DIVERGENCE = "results/divergence.csv"
CLAIMS = "results/claims.csv"
PUBLISHED = "results/published.csv"
REPORT = "results/report.html"
# Of the files above, one a job of the same wildcards.
PER_JOB = (DATASET, PROBLEM, EDGES, TRAJECTORY, MEASUREMENTS, SWEEP, SIMULATION)
NAMED = (COLLECTED, SHORT_TABLE, FIGURE)
# Checkpoints of a run on images that is not finished, in a folder a replicate.
RESUME = "results/.resume/{experiment}/{run}-{run_id}/{batch}"


def log_of(template: str) -> str:
    """The log of the job that writes a file: below results/logs, as the file below results."""
    return _mirrored(template, "logs", "log")


def benchmark_of(template: str) -> str:
    """Time and memory of that job, below results/benchmarks."""
    return _mirrored(template, "benchmarks", "tsv")


def pattern(template: str, groups: bool = True) -> str:
    """Regular expression of such paths; names may be anything. With a group for each wildcard."""
    known = {name: of for name, of in WILDCARDS.items() if of != NAME_PATTERN}
    parts = re.split(r"\{(\w+)\}", template)
    found = [re.escape(part) for part in parts]
    for index, name in enumerate(parts[1::2]):
        of = known.get(name, "[^/]+")
        found[2 * index + 1] = f"(?P<{name}>{of})" if groups else of
    return "".join(found)


def _mirrored(template: str, folder: str, suffix: str) -> str:
    stem = template.rpartition(".")[0]
    return stem.replace("results/", f"results/{folder}/", 1) + f".{suffix}"
