"""What counts as a stage's code, and what does not."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT, batch_of, with_simulations
from sparsestep.artifacts import fingerprint
from sparsestep.artifacts.identity import identity
from sparsestep.plan import Plan

STAGES = (
    "prepare",
    "generate",
    "train",
    "measure",
    "simulate",
    "tabulate",
    "figure",
    "summary",
    "claims",
    "report",
)


def specs(raw):
    """The spec of one job of every stage."""
    plan = Plan(with_simulations(raw))
    wildcards = batch_of(
        "first",
        run="small",
        figure="curves",
        problem_id=identity(plan.problem("first")),
        run_id=identity(plan.run("first", "small")),
        simulation="settling",
        dataset="digits",
        dataset_id=identity(plan.dataset("digits")),
        simulation_id=identity(plan.simulation("settling")),
    )
    return {stage: json.loads(getattr(plan, f"{stage}_spec")(wildcards)) for stage in STAGES}


@pytest.fixture
def sources(tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "src"


def codes(sources, raw):
    """Fingerprints that a Python reading these sources computes."""
    code = (
        "import json, sys; from sparsestep import fingerprint;"
        "print(json.dumps({stage: fingerprint.stage_code(stage, spec)"
        " for stage, spec in json.load(sys.stdin).items()}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(specs(raw)),
        env={**os.environ, "PYTHONPATH": str(sources)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


# file, text, replacement, stages whose fingerprint must change
EDITS = [
    ("training/diagonal.py", "EXPLODED = 1e100", "EXPLODED = 1e99", {"train"}),
    ("training/diagonal.py", "# A residual beyond", "# Any residual beyond", set()),
    ("training/diagonal.py", '"""u -= eta (h - y) x v,', '"""Update: u -= eta (h - y) x v,', set()),
    ("measures/scaled_rank.py", "_NEGLIGIBLE = 1e20", "_NEGLIGIBLE = 1e21", {"measure"}),
    ("measures/__init__.py", "first + count", "count + first", {"measure"}),
    (
        "models/diagonal.py",
        "loss_factor = 0.5",
        "loss_factor = 1.0",
        {"generate", "train", "measure"},
    ),
    ("images/datasets/digits.py", "_EVERY = 5", "_EVERY = 4", {"prepare"}),
    ("images/datasets/cifar.py", "(3, 32, 32)", "(3, 16, 64)", set()),
    ("problems/sparse_regression.py", "= 0.0", "= 1e-9", {"generate"}),
    ("problems/sparse_regression.py", 'description="n, tr', 'description="number of tr', set()),
    (
        "simulations/stabilization.py",
        "HIGH = 0.65, 1.162",
        "HIGH = 0.6, 1.2",
        {"simulate", "tabulate"},
    ),
    ("simulations/stabilization_clauses.py", "_CONVERGED = 1e-6", "_CONVERGED = 0.1", {"tabulate"}),
    ("simulations/quadratic_losses.py", "1 / (2 * n)", "1 / n", set()),
    ("figures/style.py", '"#595959"', '"#000000"', {"figure"}),
    (
        "figures/training_curves.py",
        "over_time_handles(figure.panels, experiment)",
        "over_time_handles([], experiment)",
        {"figure"},
    ),
    ("figures/end_values.py", "panels.end_value_handles()", "[]", set()),
    ("report/end_values.py", "astype(float)", "astype('float32')", {"summary"}),
    ("report/page.py", '"-"', '"none"', {"report"}),
    (
        "schedules/constant.py",
        "in_units(self.step_size))",
        "1.0)",
        {"train", "figure", "claims"},
    ),
    ("schedules/step_decay.py", "large / self.divide_by", "0.0", {"figure", "claims"}),
    ("claims/verdicts.py", "SEED = 0", "SEED = 1", {"claims"}),
    ("claims/words.py", "too few pairs", "few pairs", {"report"}),
    ("registry.py", "PROBLEMS = {", 'PROBLEMS = {"new": "sparsestep.new", ', set()),
    ("config/blocks.py", "min_length=1", "min_length=2", set()),
    ("plan/experiments.py", "REPLICATES_PER_BATCH = 16", "REPLICATES_PER_BATCH = 8", set()),
    ("artifacts/files.py", '"sparsestep-1"', '"sparsestep-2"', set(STAGES)),
]


@pytest.mark.parametrize(("file", "old", "new", "expected"), EDITS)
def test_an_edit_changes_its_stages_only(tiny, sources, file, old, new, expected):
    before = codes(sources, tiny)
    path = sources / "sparsestep" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    after = codes(sources, tiny)
    assert {stage for stage in STAGES if before[stage] != after[stage]} == expected


def test_closure_follows_imports_inside_functions(tiny):
    modules = fingerprint.modules_of_stage("measure", specs(tiny)["measure"])
    # measures/diagonal_jacobian.py imports it only where it counts.
    assert "sparsestep.measures.scaled_rank" in modules
    assert "sparsestep.training" not in modules


def test_relative_imports_are_not_used():
    # The closure does not follow them.
    for source in (ROOT / "src").rglob("*.py"):
        assert "from ." not in source.read_text(), source
