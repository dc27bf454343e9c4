"""A config with thousands of runs: dry runs of the workflow against a bare Snakefile.

    python -m benchmarks.scale [runs]

The bare Snakefile has the same jobs with the same inputs, outputs, logs, benchmark files and
params, each the same text, which it looks up: what is left is what Snakemake itself takes. Of both,
in alternation, processor time and peak memory are measured.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from benchmarks.timing import print_header
from benchmarks.workflow import copy_sources
from sparsestep.artifacts.identity import identity
from sparsestep.plan import Plan

ROOT = Path(__file__).resolve().parents[1]
RUNS, REPETITIONS, TARGET = 10_000, 3, 2.0

_RUNS = "results/runs/{experiment}/{run}-{run_id}/{batch}"
_PROBLEM = "results/problems/{experiment}-{problem_id}/{batch}.safetensors"
# (input, output) of the rules whose jobs have wildcards; inputs that start with "=" are looked up.
_RULES = {
    "generate_problem": ("", _PROBLEM),
    "train_run": ("=problem", f"{_RUNS}/trajectory.safetensors"),
    "measure_run": (f"=problem {_RUNS}/trajectory.safetensors", f"{_RUNS}/measurements.parquet"),
}


def main() -> None:
    """Print both and their ratios."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    print_header()
    raw = config_with(runs)
    with tempfile.TemporaryDirectory() as folder:
        ours, bare = Path(folder) / "ours", Path(folder) / "bare"
        copy_sources(ROOT, ours)
        (ours / "config.yaml").write_text(yaml.safe_dump(raw, sort_keys=False))
        bare.mkdir()
        write_bare(bare, Plan(raw))
        taken = {"sparsestep": [], "bare Snakefile": []}
        for _ in range(REPETITIONS):
            for what, place in zip(taken, (ours, bare), strict=True):
                taken[what].append(dry_run(place))
    print(f"\n`snakemake -n --quiet rules` of {runs} runs, median of {REPETITIONS}\n")
    medians = {
        what: [statistics.median(of) for of in zip(*all_of, strict=True)]
        for what, all_of in taken.items()
    }
    for what, (jobs, seconds, mebibytes) in medians.items():
        print(f"{what:<16} {jobs:>7} jobs {seconds:8.1f} s {mebibytes:8.0f} MiB")
    _, *ours = medians["sparsestep"]
    _, *bare = medians["bare Snakefile"]
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    print(f"{'ratio':<16} {'':>12} {ratios[0]:8.2f}   {ratios[1]:8.2f}     target: <= {TARGET:g}")


def config_with(runs: int) -> dict[str, Any]:
    """One experiment with that many runs of a tiny problem, no two of which are the same."""
    problem = {
        "kind": "sparse_regression",
        "n_train": 6,
        "n_test": 30,
        "dimension": 8,
        "support": 2,
    }
    schedules = (
        {"kind": "constant", "step_size": 0.01 + 0.04 * number / runs} for number in range(runs)
    )
    experiment = {
        "replicates": 2,
        "iterations": 60,
        "problem": {**problem, "support": 2, "data_seed": 0, "order_seed": 1},
        "model": {"kind": "diagonal", "u": 0.1, "v": 0.0},
        "snapshots": {"first": 5, "evenly_spaced": 7},
        "runs": {f"run-{number}": {"schedule": of} for number, of in enumerate(schedules)},
        "measure": {"losses": None, "sparse_recovery": None},
    }
    return {"experiments": {"many": experiment}}


def write_bare(folder: Path, plan: Plan) -> None:
    """A Snakefile without anything but Snakemake, and the texts that it looks up."""
    known = {
        "params": dict(_params(plan)),
        "problem": {},
        "tables": plan.experiments.measurement_paths(),
    }
    for name in plan.config.experiments:
        for batch in plan.experiments.batches(name):
            known["problem"][f"{name} {batch}"] = plan.experiments.problem_path(name, batch)
    (folder / "known.json").write_text(json.dumps(known))
    text = _HEAD
    for rule, (inputs, output) in _RULES.items():
        listed = [_LOOKED_UP if one == "=problem" else repr(one) for one in inputs.split()]
        text += _RULE.format(rule=rule, inputs=", ".join(listed), output=output, path=output)
    (folder / "Snakefile").write_text(text)


def _params(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """The params of every job, by its output."""

    def told(stage: str, wildcards: Any) -> list[str]:
        return [plan.jobs.spec(stage)(wildcards), plan.jobs.code(stage)(wildcards)]

    for name, entry in plan.config.experiments.items():
        problem_id = identity(plan.experiments.problem(name))
        for batch in plan.experiments.batches(name):
            wildcards = {"experiment": name, "batch": batch}
            asked = SimpleNamespace(**wildcards, problem_id=problem_id)
            yield plan.experiments.problem_path(name, batch), told("generate", asked)
            for run in entry.runs:
                run_id = identity(plan.experiments.run(name, run))
                asked = SimpleNamespace(**wildcards, run=run, run_id=run_id)
                yield plan.experiments.trajectory_path(name, run, batch), told("train", asked)
                yield plan.experiments.measurement_path(name, run, batch), told("measure", asked)
    for stage in ("summary", "claims", "report"):
        yield stage, told(stage, None)


def dry_run(folder: Path) -> tuple[int, float, float]:
    """Jobs, seconds of processor time, and peak memory in MiB of a dry run."""
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--cores", "2"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    with open(folder / "output", "w+") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    if process.returncode != 0:
        raise RuntimeError(f"snakemake failed with {process.returncode}:\n{said[-3000:]}")
    totals = [line.split()[1] for line in said.splitlines() if line.startswith("total")]
    return int(totals[0]), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


_LOOKED_UP = "lambda w: KNOWN['problem'][w.experiment + ' ' + w.batch]"
_HEAD = """\
import json

KNOWN = json.load(open("known.json"))
PATTERN = "results/runs/{experiment}/{run}-{run_id}/{batch}"


wildcard_constraints:
    experiment="[a-z0-9][a-z0-9_-]*",
    run="[a-z0-9][a-z0-9_-]*",
    problem_id="[0-9a-f]{12}",
    run_id="[0-9a-f]{12}",
    batch="[0-9]+-[0-9]+",


rule all:
    input: "results/report.html", "results/claims.csv"


rule summary:
    input: KNOWN["tables"]
    output: "results/summary.csv"
    params: KNOWN["params"]["summary"][0], KNOWN["params"]["summary"][1]
    shell: "true"


rule claims:
    output: "results/claims.csv"
    params: KNOWN["params"]["claims"][0], KNOWN["params"]["claims"][1]
    shell: "true"


rule report:
    input: "results/summary.csv", "results/claims.csv"
    output: "results/report.html"
    params: KNOWN["params"]["report"][0], KNOWN["params"]["report"][1]
    shell: "true"
"""

_RULE = """

rule {rule}:
    input: {inputs}
    output: "{output}"
    log: "{path}.log"
    benchmark: "{path}.tsv"
    params:
        spec=lambda w, output: KNOWN["params"][output[0]][0],
        code=lambda w, output: KNOWN["params"][output[0]][1],
    shell: "true"
"""


if __name__ == "__main__":
    main()
