"""Sweeps from config.yaml to tables and phase diagrams, against runs trained one at a time."""

import copy
import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from figure_tables import plot

from conftest import ROOT, TINY, batch_of
from sparsestep.artifacts import arrays, tables
from sparsestep.artifacts import files as storage
from sparsestep.artifacts.identity import identity
from sparsestep.errors import ArtifactError, ConfigError
from sparsestep.figures import render
from sparsestep.figures.draw.phase_diagram import cell_sides
from sparsestep.figures.sources import Sources, read_sources
from sparsestep.measures import feature_sparsity, measure
from sparsestep.plan import Plan
from sparsestep.plan.blocks import dumped
from sparsestep.problems import generate
from sparsestep.report import page as report
from sparsestep.sweeps import phases
from sparsestep.training import train
from sparsestep.training.edge import calibrate

SWEEP = {
    "experiment": "first",
    "replicates": 3,
    "schedule": {"kind": "step_decay", "divide_by": 2.0},
    "step_size": [0.01, 0.05, 0.8],
    "decay_at": [0.2, 0.5],
    "measure": {"losses": None, "sparse_recovery": None, "jacobian_rank": {"threshold": 1e-15}},
}
PATH = ("sweeps", "phases")
MISTAKES = [
    ("experiment", "second", "experiment: there is none, got 'second'; valid: first"),
    ("replicates", 0, "replicates: got 0; input should be greater than 0"),
    ("step_sizes", [0.1], "step_sizes: unknown key, got 'step_sizes'; valid: algorithm, "),
    ("step_size", 0.1, "step_size: got 0.1; input should be a valid list"),
    (
        "step_size",
        [],
        "step_size: got []; must have at least 1 entry",
    ),
    ("step_size", [0.1, -0.1], "step_size.1: got -0.1; input should be greater than 0"),
    ("step_size", [0.1, 0.1], "step_size.1: got 0.1; must be above the one before"),
    (
        "step_size",
        {"low": 0.2, "high": 0.1, "points": 3},
        "step_size: got {'low': 0.2, 'high': 0.1, 'points': 3}; `low` must be below `high`",
    ),
    (
        "step_size",
        {"low": 1.0, "high": 1.0 + 1e-15, "points": 3},
        "`low` and `high` are too close for so many points",
    ),
    (
        "step_size",
        {"low": 1, "high": 2, "points": 1},
        "points: got 1; input should be",
    ),
    ("step_size", {"low": 1, "high": 2, "points": 10**7}, "input should be less than or equal to"),
    ("step_size", {"low": 1, "points": 3}, "step_size.high: missing"),
    ("step_size", {"low": 1, "high": 2, "points": 3, "spacing": "even"}, "'linear' or 'log'"),
    (
        "step_size",
        {"low": 1, "high": 2, "points": 3, "n": 1},
        "step_size.n: unknown key, got 'n'; valid: high",
    ),
    ("decay_at", [0.5, 1.5], "decay_at.1: got 1.5; input should be less than 1"),
    ("decay_at", [1], "decay_at.0: got 1.0; input should be less than 1"),
    (
        "decay_at",
        {"low": 0.5, "high": 1.5, "points": 3},
        "decay_at: got 1.0; input should be less than 1",
    ),
    ("edges", "yes", "edges: got 'yes'; must be true or false, without quotes"),
    ("edges", 1, "edges: got 1; must be true or false, without quotes"),
    ("schedule", {"kind": "constant"}, "schedule.kind: has no decay_at, got 'constant'; valid: st"),
    ("schedule", {"kind": "step_decy"}, "schedule.kind: unknown schedule, got 'step_decy'; valid:"),
    ("schedule", {"kind": "step_decay"}, "schedule.divide_by: missing"),
    (
        "schedule",
        {"kind": "step_decay", "divide_by": 2, "step_size": 0.1},
        "schedule.step_size: must be absent; it is swept",
    ),
    (
        "schedule",
        {"kind": "plateau", "divide_by": 2, "warm_up": 0.3},
        "decay_at.0: got 0.2; must be at least warm_up, 0.3",
    ),
    ("algorithm", {"kind": "sgdd"}, "algorithm.kind: unknown algorithm, got 'sgdd'; valid: sgd"),
    (
        "algorithm",
        {"kind": "lion"},
        "algorithm.kind: unknown algorithm, got 'lion'; valid: sgd, gd, label_noise_gd, "
        "gd_on_noisy_labels",
    ),
    ("algorithm", {}, "algorithm.kind: missing; valid: sgd, gd, label_noise_gd, gd_on_noisy"),
    ("algorithm", {"kind": "sde"}, "algorithm: got {'kind': 'sde'}; isotropic noise takes the "),
    (
        "algorithm",
        {"kind": "gd_on_noisy_labels", "of": "small"},
        "algorithm.of: must be absent; a sweep has no other run",
    ),
    (
        "schedule",
        {"kind": "sawtooth"},
        "schedule.kind: unknown schedule, got 'sawtooth'; valid: step_decay, ",
    ),
    ("measure", {}, "measure: got {}; must have at least 1 entry"),
    ("measure", {"sharpness": None}, "measure.sharpness: unknown measure, got 'sharpness'; valid:"),
    ("measure", {"lasso_distance": None}, "measure.lasso_distance: is about all snapshots; a swee"),
    (
        "measure",
        {"step_size": None},
        "measure.step_size: measures 'step_size', a column that every",
    ),
]


@pytest.fixture
def raw(tiny):
    tiny["sweeps"] = {"phases": copy.deepcopy(SWEEP)}
    tiny["figures"]["phases"] = {
        "kind": "phase_diagram",
        "sweep": "phases",
        "panels": ["l0", "test_loss", "diverged"],
    }
    return tiny


def spec_of(plan, name="phases"):
    """All points of a sweep as one job's spec."""
    points = plan.config.sweeps[name].points()
    return {**plan.sweeps.phases.sweep(name), "points": points, "replicates": [0, 2]}


@pytest.mark.parametrize(("key", "value", "says"), MISTAKES)
def test_mistake_is_one_line(raw, key, value, says):
    raw["sweeps"]["phases"][key] = value
    with pytest.raises(ConfigError) as caught:
        Plan(raw)
    assert str(caught.value).startswith("sweeps.phases.")
    assert "\n" not in str(caught.value)
    assert says in str(caught.value)


def test_too_many_points_and_edges_of_a_warm_up_are_refused(raw):
    sweep = raw["sweeps"]["phases"]
    sweep["step_size"] = sweep["decay_at"] = {"low": 0.1, "high": 0.9, "points": 1000}
    with pytest.raises(ConfigError, match=r"^sweeps.phases: got more than 100000 points$"):
        Plan(raw)
    sweep |= {"step_size": [0.1], "decay_at": [0.5], "edges": True}
    sweep["schedule"] = {"kind": "plateau", "divide_by": 2, "warm_up": 0.3}
    with pytest.raises(ConfigError, match=r"^sweeps.phases.edges: edges are of constant large st"):
        Plan(raw)
    sweep["schedule"] = {"kind": "step_decay", "divide_by": 2}
    # Of 60 iterations; part of one is none.
    for shortest in (0.001, 0.016):
        sweep["decay_at"] = [shortest, 0.5]
        says = rf"^sweeps.phases.decay_at.0: got {shortest}; edges are"
        with pytest.raises(ConfigError, match=says):
            Plan(raw)
    sweep["decay_at"] = [0.017, 0.5]
    Plan(raw)


def test_what_a_measurement_needs_of_the_problem_is_said(raw):
    problem = {"kind": "given_data", "x": [[1.0, 2.0]], "y": [1.0], "order_seed": 0}
    raw["experiments"]["first"] |= {"problem": problem, "measure": {"losses": None}, "claims": {}}
    raw["figures"] = {}
    with pytest.raises(ConfigError) as caught:
        Plan(raw)
    assert str(caught.value) == (
        "sweeps.phases.measure.sparse_recovery: needs the problem's beta_star, got 'given_data'; "
        "valid problems: sparse_regression"
    )


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("sweep", "phase", "figures.phases.sweep: there is none, got 'phase'; valid: phases"),
        ("panels", ["l1"], "figures.phases.panels.0: not measured there, got 'l1'; valid: train"),
    ],
)
def test_a_figure_of_what_is_not_there(raw, key, value, says):
    raw["figures"]["phases"][key] = value
    with pytest.raises(ConfigError) as caught:
        Plan(raw)
    assert str(caught.value).startswith(says)


def test_ranges_are_lists(raw):
    sweep = raw["sweeps"]["phases"]
    by_list = Plan(raw)
    sweep["decay_at"] = {"low": 0.2, "high": 0.5, "points": 2}
    sweep["step_size"] = ["1e-2", "0.05", 0.8]
    assert Plan(raw).sweeps.paths("phases") == by_list.sweeps.paths("phases")
    sweep["step_size"] = {"low": 0.01, "high": 1, "points": 5, "spacing": "log"}
    assert Plan(raw).config.sweeps["phases"].step_size == [
        0.01,
        0.0316227766017,
        0.1,
        0.316227766017,
        1,
    ]


def test_points_that_are_added_leave_full_chunks_as_they_are(raw, monkeypatch):
    # 3 durations a step size, 2 step sizes a job.
    monkeypatch.setattr("sparsestep.plan.phase_sweeps.POINTS_PER_JOB", 7)
    sweep = raw["sweeps"]["phases"]
    sweep["decay_at"] = [0.2, 0.5, 0.6]
    before = Plan(raw).sweeps.phases.chunks("phases")
    assert [len(points) for points in before.values()] == [6, 3]
    sweep["step_size"] = [0.01, 0.05, 0.8, 0.9]
    after = Plan(raw).sweeps.phases.chunks("phases")
    (same, less), (kept, more) = before, after
    assert (same == kept, less == more) == (True, False)
    assert [point for chunk in after.values() for point in chunk] == Plan(raw).config.sweeps[
        "phases"
    ].points()


def test_a_job_takes_no_more_points_than_it_may_however_many_durations(raw, monkeypatch):
    monkeypatch.setattr("sparsestep.plan.phase_sweeps.POINTS_PER_JOB", 2)
    raw["sweeps"]["phases"]["decay_at"] = [0.2, 0.3, 0.4, 0.5, 0.6]
    chunks = Plan(raw).sweeps.phases.chunks("phases").values()
    assert [len(points) for points in chunks] == [2] * 7 + [1]


def test_batches_of_replicates_that_the_experiment_lacks(raw):
    raw["sweeps"]["phases"]["replicates"] = 18
    plan = Plan(raw)
    assert plan.sweeps.batches("phases") == ["0-15", "16-17"]
    assert plan.experiments.batches("first") == ["0-2"]
    wildcards = batch_of("first", "16-17", problem_id=identity(plan.experiments.problem("first")))
    assert json.loads(plan.jobs.spec("generate")(wildcards))["replicates"] == [16, 17]
    wildcards.batch = "16-18"
    with pytest.raises(ConfigError, match="has no batch 16-18"):
        plan.jobs.spec("generate")(wildcards)


def test_a_grid_of_a_thousand_points_is_a_handful_of_jobs(published):
    raw = {
        "experiments": {
            "diagonal": published.config.experiments["diagonal"].model_dump(
                mode="json", exclude_none=True
            )
        },
        "sweeps": {
            "grid": {
                **SWEEP,
                "experiment": "diagonal",
                "replicates": 16,
                "step_size": {"low": 0.1, "high": 0.3, "points": 50},
                "decay_at": {"low": 0.02, "high": 0.6, "points": 20},
            }
        },
    }
    assert len(Plan(raw).sweeps.paths("grid")) == 10
    assert len(published.sweeps.paths("diagonal_phases")) == 2


def relu(raw):
    """The tiny experiment with a ReLU network, whose training is another kernel."""
    first = raw["experiments"]["first"]
    first["problem"] = {"kind": "teacher_student", "n_train": 6, "n_test": 20, "dimension": 2}
    first["problem"] |= {"n_fresh": 20, "teacher_widths": [2], "teacher_biases": False}
    first["problem"] |= {"teacher_weights": "unit", "data_seed": 1, "init_seed": 0}
    first["problem"] |= {"order_seed": 0, "vary": ["init", "order"]}
    first["model"] = {"kind": "mlp", "widths": [5], "biases": [False, False]}
    first["model"] |= {"weight_scales": [0.5, 0.5]}
    measured = {"losses": None, "jacobian_rank": {"threshold": 1e-4}}
    measured["feature_sparsity"] = {"correlation_threshold": 0.99}
    first |= {"measure": measured, "claims": {}}
    raw["sweeps"]["phases"] |= {"measure": measured, "step_size": [0.05, 0.2, 20.0]}
    raw["sweeps"]["phases"]["schedule"] = {"kind": "plateau", "warm_up": 0.1, "divide_by": 3}
    raw["figures"] = {}


def as_runs(raw):
    """End values of all points of the sweep, each a run of the experiment, from its table."""
    first, sweep, parts = raw["experiments"]["first"], raw["sweeps"]["phases"], []
    for step_size in sweep["step_size"]:
        for decay_at in sweep["decay_at"]:
            schedule = {**sweep["schedule"], "step_size": step_size, "decay_at": decay_at}
            algorithm = sweep.get("algorithm", {"kind": "sgd"})
            first["runs"] = {"same": {"schedule": schedule, "algorithm": algorithm}}
            plan = Plan(raw)
            spec = {**plan.experiments.run("first", "same"), "replicates": [0, 2]}
            problem = generate(spec)
            measured = {**spec, "measure": dumped(plan.config.experiments["first"].measure)}
            table = measure(problem, train(problem, spec), measured)
            table.insert(0, "run", "same")
            last = tables.last_snapshots(table).drop(columns="run")
            parts.append(last.assign(step_size=step_size, decay_at=decay_at))
    return pd.concat(parts, ignore_index=True)


def in_batches(raw):
    """Of an algorithm with further options."""
    raw["sweeps"]["phases"]["algorithm"] = {"kind": "sgd", "batch_size": 3, "momentum": 0.5}


CHANGES = {"diagonal": lambda raw: None, "relu": relu, "batches": in_batches}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_point_is_a_run(raw, change):
    change(raw)
    raw["experiments"]["first"]["measure"] = raw["sweeps"]["phases"]["measure"]
    raw["experiments"]["first"]["claims"] = {}
    raw["figures"] = {}
    spec = spec_of(Plan(raw))
    table = phases.run(generate(spec), spec)
    runs = as_runs(raw)
    assert sorted(table.columns) == sorted(runs.columns)
    pd.testing.assert_frame_equal(
        table, runs[table.columns], check_exact=False, rtol=1e-11, atol=0, check_dtype=False
    )
    for name in ("train_loss", "test_loss", "jacobian_rank", "diverged_at"):
        np.testing.assert_array_equal(table[name], runs[name])
    assert len(table) == 3 * 2 * 3
    assert set(table["diverged_at"] >= 0) == {True, False}
    assert table.loc[table["diverged_at"] >= 0, "train_loss"].isna().all()
    pd.testing.assert_frame_equal(table, phases.run(generate(spec), spec, 2), check_exact=True)


def test_who_diverges_behind_the_last_snapshot_has_no_values(raw):
    raw["sweeps"]["phases"]["step_size"] = [0.01, 30.0]
    # The start alone: whoever diverges does so later.
    spec = spec_of(Plan(raw)) | {"snapshots": {"first": 1, "evenly_spaced": 2}}
    table = phases.run(generate(spec), spec)
    assert (table["iteration"] == 0).all()
    assert set(np.sign(table["diverged_at"])) == {-1, 1}
    metrics = table.columns.drop(list(tables.SWEEP_KEYS))
    diverged = table["diverged_at"] > 0
    assert table.loc[diverged, metrics].isna().all(axis=None)
    assert table.loc[~diverged, "train_loss"].notna().all()


def test_the_stages_write_and_check(raw, tmp_path):
    plan = Plan(raw)
    ((chunk, points),) = plan.sweeps.phases.chunks("phases").items()
    wildcards = SimpleNamespace(sweep="phases", chunk=chunk, batch="0-2")
    spec = json.loads(plan.jobs.spec("sweep")(wildcards))
    assert (spec["points"], spec["replicates"]) == (points, [0, 2])
    problem, table, short = (str(tmp_path / name) for name in ("p", "t.parquet", "t.csv"))
    made_from = {**plan.experiments.problem("first"), "replicates": [0, 2]}
    arrays.write_problem(problem, generate(made_from), storage.provenance(made_from, ""))
    stages = {
        "sweep": ["--problem", problem, "--output", table],
        "collect": ["--tables", table, "--output", short],
    }
    for stage, options in stages.items():
        told = ["--spec", plan.jobs.spec(stage)(wildcards)]
        told += ["--code", plan.jobs.code(stage)(wildcards), *options]
        command = [sys.executable, "-m", f"sparsestep.stages.{stage}", *told]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    written = tables.read_table(table, identity(spec), tables.SWEEP)
    pd.testing.assert_frame_equal(written, phases.run(generate(spec), spec), check_exact=True)
    # The CSV has the same numbers, digit by digit.
    read = pd.read_csv(short, dtype=str, na_filter=False)
    assert list(read) == list(written)
    np.testing.assert_array_equal(read.map(float), written)
    with pytest.raises(ArtifactError, match="holds a sweep table, expected a measurement table"):
        tables.read_table(table)
    wildcards.chunk = "0" * 12
    with pytest.raises(ConfigError, match=r"^sweeps.phases has no chunk"):
        plan.jobs.spec("sweep")(wildcards)


def test_edges_of_every_duration(raw, tmp_path):
    raw["sweeps"]["phases"]["edges"] = True
    plan = Plan(raw)
    paths, wildcards = plan.figures.input_paths("phases")["edges"], []
    assert len(paths) == 2
    for path in paths:
        *_, folder, batch = path.split("/")
        found = batch_of("first", batch.split(".")[0], edges_id=folder.removeprefix("first-"))
        wildcards.append(json.loads(plan.jobs.spec("calibrate")(found)))
    assert [spec["edge"]["horizon"] for spec in wildcards] == [0.2, 0.5]
    # Those of a run's own edge options are the same files.
    raw["experiments"]["first"]["runs"]["small"]["schedule"]["step_size"] = {"of_edge": 0.5}
    assert Plan(raw).experiments.edges_path("first", "small", "0-2") == [paths[1]]
    names = json.loads(plan.jobs.spec("figure")(SimpleNamespace(figure="phases")))["sources"][
        "edges"
    ]
    files = []
    for spec in wildcards:
        files.append(str(tmp_path / str(len(files))))
        edges = calibrate(generate(spec), spec)
        arrays.write_edges(files[-1], edges, storage.provenance(spec, ""))
    read = read_sources({"edges": names}, {"edges": files}).edges["phases"]
    np.testing.assert_array_equal(read[0.5], edges)
    with pytest.raises(ArtifactError, match="made from another configuration"):
        read_sources({"edges": names}, {"edges": files[::-1]})


@pytest.fixture
def drawn(raw):
    """Table of the sweep and spec of its figure."""
    plan = Plan(raw)
    spec = spec_of(plan)
    table = phases.run(generate(spec), spec)
    return table, json.loads(plan.jobs.spec("figure")(SimpleNamespace(figure="phases")))


def test_colours_are_medians_of_the_survivors(drawn):
    table, spec = drawn
    spread = np.array([0.1, 0.15, 0.2, 0.1, 0.15, 0.2, np.nan])
    # Of five replicates there is no range.
    edges = {0.2: spread, 0.5: np.array([0.1, 0.1, 0.1, 0.2, 0.1, np.nan, np.nan])}
    sources = Sources(sweeps={"phases": table}, edges={"phases": edges})
    figure = plot(sources, spec)
    for axes, metric in zip(figure.axes[:2], ("l0", "test_loss"), strict=True):
        survivors = table[table["diverged_at"] < 0]
        expected = survivors.pivot_table(metric, "decay_at", "step_size", "median", dropna=False)
        shown = axes.collections[0].get_array().filled(np.nan)
        np.testing.assert_array_equal(shown, expected.reindex(columns=[0.01, 0.05, 0.8]))
    shares = figure.axes[2].collections[0].get_array()
    assert shares.min() == 0
    diverged = table.assign(diverged=table["diverged_at"] >= 0)
    expected = diverged.pivot_table("diverged", "decay_at", "step_size", "mean")
    np.testing.assert_array_equal(shares, expected)
    # Hatched are the cells in which half of the replicates diverge.
    assert len(figure.axes[0].patches) == (shares >= 0.5).sum() > 0
    ranges, border = {}, []
    for collection in figure.axes[0].collections[1:]:
        for (x, y), (x_end, y_end) in collection.get_segments():
            if collection.get_linewidth()[0] == 1.6:
                border.append((x, y, x_end, y_end))
            elif y == y_end:
                ranges[y] = (x, x_end)
    assert ranges == {0.2: pytest.approx(np.percentile(spread[:6], (10, 90)))}
    # Around the one cell in which half of the replicates diverge, at 0.8 and 0.5.
    sides = [(0.2, 0.35, 0.2, 0.65), (0.2, 0.35, 3.2, 0.35)]
    assert np.argwhere(shares >= 0.5).tolist() == [[1, 2]]
    assert border == [pytest.approx(side) for side in sides]
    (line,) = figure.axes[0].lines
    np.testing.assert_allclose(line.get_xdata(), [0.15, 0.1])
    assert list(line.get_ydata()) == [0.2, 0.5]
    assert "3 replicates" in figure.get_suptitle()


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_same_bytes(drawn, kind):
    table, spec = drawn
    sources = Sources(sweeps={"phases": table})
    first, second = (render(plot(sources, spec), kind) for _ in range(2))
    assert first == second


def test_a_sweep_of_a_single_point_or_without_survivors_is_drawn(drawn):
    table, spec = drawn
    for chosen in ("step_size == 0.01 and decay_at == 0.2", "diverged_at >= 0"):
        of = table.query(chosen).reset_index(drop=True)
        render(plot(Sources(sweeps={"phases": of}), spec), "png")


def test_cells_lie_around_their_values():
    sides, is_log = cell_sides(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(sides, [0.5, 1.5, 2.5, 3.5])
    assert not is_log
    sides, is_log = cell_sides(np.array([1.0, 4.0, 16.0]))
    np.testing.assert_allclose(sides, [0.5, 2, 8, 32])
    assert is_log


@pytest.mark.parametrize("edges", [False, True])
def test_the_caption_explains_what_is_drawn(raw, edges):
    raw["sweeps"]["phases"]["edges"] = edges
    spec = json.loads(Plan(raw).jobs.spec("report")(None))
    (entry,) = (figure for figure in spec["figures"] if figure["name"] == "phases")
    text = (ROOT / "workflow" / "report" / "phase_diagram.rst").read_text()
    known = {"figures": {"phases": entry}, "sweeps": spec["sweeps"]}
    page = " ".join(report.render_caption(text, {"figure": "phases"}, known).split())
    assert "All 3 replicates of the experiment first are trained at each" in page
    assert ("the edge of the replicates" in page) == edges


def test_a_sweep_of_an_experiment_on_demand_is_not_wanted(raw):
    second = copy.deepcopy(TINY["experiments"]["first"])
    raw["experiments"]["second"] = {**second, "on_demand": True}
    raw["sweeps"]["phases"]["experiment"] = "second"
    plan = Plan(raw)
    assert (plan.sweeps.wanted(), "phases" in plan.figures.wanted()) == ([], False)
    plan = Plan({**raw, "enabled": ["second"]})
    assert (plan.sweeps.collected_paths(), "phases" in plan.figures.wanted()) == (
        ["results/sweeps/phases.csv"],
        True,
    )


def test_columns_are_counted_of_measurements_that_suit_the_model(tiny, monkeypatch):
    # Of 2^31 layers they take gigabytes.
    def columns(options):
        raise AssertionError("counted")

    monkeypatch.setattr(feature_sparsity, "columns", columns)
    tiny["experiments"]["first"]["model"] = {
        "kind": "mlp",
        "widths": [3],
        "biases": [False, False],
        "weight_scales": [1.0, 1.0],
    }
    tiny["experiments"]["first"] |= {"measure": {"losses": None}, "claims": {}}
    measured = {"feature_sparsity": {"layers": 2**31 - 1, "correlation_threshold": 0.9}}
    tiny["sweeps"] = {"phases": {**copy.deepcopy(SWEEP), "measure": measured}}
    tiny["figures"] = {}
    with pytest.raises(ConfigError, match=r"feature_sparsity\.layers: got 2147483647; must be at"):
        Plan(tiny)


def test_edges_of_a_sweep_are_those_of_starts_as_they_are(raw):
    sweep = raw["sweeps"]["phases"] | {"edges": True, "algorithm": {"kind": "sgd"}}
    perturbed = {**sweep, "algorithm": {"kind": "sgd", "perturbation": 1e-14}}
    raw["sweeps"] |= {"phases": sweep, "again": perturbed}
    plan = Plan(raw).sweeps.phases
    for decay_at in (0.2, 0.5):
        assert plan.edges("again", decay_at) == plan.edges("phases", decay_at)
    assert plan.sweep("again")["algorithm"]["perturbation"] == 1e-14
