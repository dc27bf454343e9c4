"""What counts as a stage's code, and what does not."""

import copy
import functools
import json
import os
import shutil
import subprocess
import sys

import image_figures
import pytest
import source_edits

from conftest import ROOT, TINY, batch_of, with_simulations
from sparsestep.artifacts import code_digest, fingerprint
from sparsestep.artifacts.identity import identity
from sparsestep.plan import Plan, datasets

STAGES = (
    "prepare",
    "generate",
    "calibrate",
    "train",
    "measure",
    "train_images",
    "measure_images",
    "sweep",
    "collect",
    "sweep_points",
    "sweep_images",
    "collect_points",
    "simulate",
    "tabulate",
    "figure",
    "summary",
    "claims",
    "published",
    "report",
)
SWEEP = {
    "experiment": "first",
    "replicates": 3,
    "schedule": {"kind": "step_decay", "divide_by": 2.0},
    "step_size": [0.01, 0.05],
    "decay_at": [0.2],
    "measure": {"losses": None},
}
OVER_KEYS = {
    "experiment": "first",
    "run": "small",
    "over": {"schedule.step_size": [0.01, 0.05]},
    "measure": {"losses": None},
}
ON_IMAGES = {"experiment": "deep", "run": "small", "over": {"problem.batch_size": [8]}}


@functools.cache
def specs():
    """The spec of one job of every stage."""
    # Without claims, so that networks on images reach their own stages alone.
    deep = {**image_figures.raw_config()["experiments"]["deep"], "claims": {}}
    sweeps = {"phases": SWEEP, "points": OVER_KEYS, "images": ON_IMAGES}
    raw = with_simulations({**copy.deepcopy(TINY), "sweeps": sweeps})
    raw["experiments"] = {**raw["experiments"], "deep": deep}
    plan = Plan(raw)
    assert sorted(plan.jobs.stages()) == sorted(STAGES)
    run_id = identity(plan.experiments.run("deep", "small"))
    of_images = batch_of("deep", plan.experiments.batches("deep")[0], run="small", run_id=run_id)
    (chunk,) = plan.sweeps.phases.chunks("phases")
    (of_points,) = plan.sweeps.keys.chunks("points")
    wildcards = batch_of(
        "first",
        sweep="phases",
        chunk=chunk,
        edges_id=identity(plan.experiments.edges("first", "small")),
        run="small",
        figure="curves",
        problem_id=identity(plan.experiments.problem("first")),
        run_id=identity(plan.experiments.run("first", "small")),
        simulation="settling",
        dataset="digits",
        dataset_id=identity(datasets.spec("digits")),
        simulation_id=identity(plan.simulations.simulation("settling")),
    )
    points = batch_of("first", sweep="points", chunk=of_points)
    (of_point,) = plan.sweeps.keys.chunks("images")
    others = {"images": of_images, "points": points}
    at = {stage: others.get(stage.rpartition("_")[2], wildcards) for stage in STAGES}
    batches = plan.sweeps.batches("images")
    at["sweep_images"] = batch_of("deep", batches[0], sweep="images", chunk=of_point)
    return {stage: json.loads(plan.jobs.spec(stage)(at[stage])) for stage in STAGES}


@pytest.fixture
def sources(tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "src"


def codes(sources):
    """Fingerprints that a Python reading these sources computes."""
    code = (
        "import json, sys; from sparsestep.artifacts import fingerprint;"
        "from sparsestep.sweeps.code import images_code, points_code;"
        "specs = json.load(sys.stdin);"
        "found = {stage: fingerprint.stage_code(stage, spec) for stage, spec in specs.items()};"
        "found['sweep_points'] += points_code(specs['sweep_points']);"
        "found['sweep_images'] += images_code(specs['sweep_images']);"
        "print(json.dumps(found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(specs()),
        env={**os.environ, "PYTHONPATH": str(sources)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


# Module that gets a line more, stages whose fingerprint must change.
EDITS = [
    ("algorithms/__init__.py", {"calibrate", "train", "sweep", "sweep_points"}),
    ("algorithms/sgd.py", {"calibrate", "train", "sweep", "sweep_points"}),
    ("training/edge.py", {"calibrate", "sweep_points"}),
    ("sweeps/phases.py", {"sweep"}),
    ("sweeps/points.py", {"sweep_points"}),
    ("sweeps/images.py", {"sweep_images"}),
    ("sweeps/ends.py", {"sweep_points", "sweep_images"}),
    ("stages/collect_points.py", {"collect_points"}),
    ("stages/collect.py", {"collect"}),
    ("images/training/loop.py", {"train_images"}),
    ("images/algorithm.py", {"train_images"}),
    ("images/measures/losses.py", {"measure_images", "sweep_images"}),
    ("images/networks/densenet.py", {"train_images", "measure_images", "sweep_images"}),
    ("images/networks/resnet.py", set()),
    ("schedules/exponential_warmup.py", set()),
    ("training/diagonal.py", {"calibrate", "train", "sweep", "sweep_points"}),
    ("measures/scaled_rank.py", {"measure"}),
    (
        "measures/__init__.py",
        {"measure", "measure_images", "sweep", "summary", "report", "sweep_points", "sweep_images"},
    ),
    ("models/diagonal.py", {"generate", "calibrate", "train", "measure", "sweep", "sweep_points"}),
    ("images/datasets/digits.py", {"prepare"}),
    ("images/datasets/cifar.py", set()),
    ("problems/sparse_regression.py", {"generate", "sweep_points"}),
    ("simulations/stabilization.py", {"simulate", "tabulate"}),
    ("simulations/stabilization_clauses.py", {"tabulate"}),
    ("simulations/quadratic_losses.py", set()),
    ("figures/parts/style.py", {"figure"}),
    ("figures/specs/training_curves.py", {"figure"}),
    ("figures/specs/end_values.py", set()),
    ("figures/draw/training_curves.py", {"figure"}),
    ("figures/draw/end_values.py", set()),
    ("figures/parts/over_time.py", {"figure"}),
    ("report/end_values.py", {"summary"}),
    ("report/page.py", {"report"}),
    ("schedules/constant.py", {"train", "sweep_points", "train_images", "figure", "claims"}),
    ("schedules/step_decay.py", {"sweep", "figure", "claims"}),
    ("claims/verdicts.py", {"claims"}),
    ("claims/words.py", {"report"}),
    ("claims/published.py", {"claims"}),
    ("report/published.py", {"published", "report"}),
    ("report/published_tables.py", {"report"}),
    ("dictionary/metrics.py", {"report"}),
    ("registry.py", set()),
    ("config/blocks.py", set()),
    ("plan/experiments.py", set()),
    ("artifacts/files.py", set(STAGES)),
    ("stages/__init__.py", set(STAGES)),
]


@pytest.fixture(scope="module")
def unedited():
    """Fingerprints of the sources as they are."""
    return codes(ROOT / "src")


def changed(sources, edit, before=None):
    """Stages whose fingerprint an edit of the sources changes."""
    before = before or codes(sources)
    edit(sources / "sparsestep")
    after = codes(sources)
    return {stage for stage in STAGES if before[stage] != after[stage]}


@pytest.mark.parametrize(("file", "expected"), EDITS, ids=[file for file, _ in EDITS])
def test_a_changed_constant_changes_the_stages_that_reach_it(sources, unedited, file, expected):
    def edit(package):
        source_edits.append(package / file, "_EDITED = 1")

    assert changed(sources, edit, unedited) == expected


WORDS = [
    "# A comment.",
    "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from sparsestep.plan import Plan",
]


@pytest.mark.parametrize("line", WORDS)
def test_words_and_types_count_for_nothing(sources, unedited, line):
    def edit(package):
        for file, _ in EDITS:
            source_edits.append(package / file, line)

    assert changed(sources, edit, unedited) == set()


def test_docstrings_annotations_and_the_order_of_imports_count_for_nothing(sources):
    path = sources / "sparsestep" / "measures" / "new_room.py"
    imports = ["import numpy as np", "from sparsestep.errors import ConfigError, DataError"]
    path.write_text("\n".join([*imports, "def double(x):", "    y = 2 * x", "    return y"]))
    losses = sources / "sparsestep" / "measures" / "losses.py"
    source_edits.append(losses, "from sparsestep.measures import new_room")

    def edit(package):
        others = [
            '"""A title."""',
            "from collections.abc import Iterable",
            "from sparsestep.errors import DataError",
            "from sparsestep.errors import ConfigError",
            "import numpy as np",
            "def double(x: float) -> Iterable:",
            '    """A docstring."""',
            "    y: float = 2 * x",
            "    return y",
        ]
        path.write_text("\n".join(others))

    assert changed(sources, edit) == set()

    def edit_a_body(package):
        path.write_text(path.read_text().replace("2 * x", "3 * x"))

    assert changed(sources, edit_a_body) == {"measure", "sweep", "sweep_points"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("measures.scaled_rank", "measures.counted_rank"),
        ("artifacts.files", "artifacts.storage"),
        ("training.edge", "calibration.bisection"),
        ("measures.losses", "measured.mean_squares"),
        ("schedules.step_decay", "schedules.stepwise"),
    ],
)
def test_a_renamed_or_moved_module_counts_for_nothing(sources, unedited, old, new):
    def edit(package):
        source_edits.rename_module(package, old, new)

    assert changed(sources, edit, unedited) == set()


def test_a_field_added_to_every_block_counts_for_nothing(sources, unedited):
    assert changed(sources, source_edits.add_field_to_every_block, unedited) == set()


def test_modules_that_do_not_count_exist():
    for module in code_digest.NOT_COUNTED:
        assert code_digest.source_of(module), module


def test_closure_follows_imports_inside_functions():
    modules = fingerprint.modules_of_stage("measure", specs()["measure"])
    # measures/diagonal_jacobian.py imports it only where it counts.
    assert "sparsestep.measures.scaled_rank" in modules
    assert "sparsestep.training" not in modules


def test_relative_imports_are_not_used():
    # The closure does not follow them.
    for source in (ROOT / "src").rglob("*.py"):
        assert "from ." not in source.read_text(), source


def test_what_reads_a_table_is_code_of_its_problem():
    spec = specs()["generate"]
    of_table = {**spec, "problem": {"kind": "table"}}
    read = "sparsestep.problems.tabular.csv_file"
    assert read in fingerprint.modules_of_stage("generate", of_table)
    assert read not in fingerprint.modules_of_stage("generate", spec)
