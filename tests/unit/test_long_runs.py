"""A run three times as long as the others, as files of the workflow: trained, measured, shown."""

import json

import numpy as np
import pandas as pd
import pytest
import stage_jobs
from figure_tables import legend_texts

from conftest import ROOT, TINY
from sparsestep import figures, laboratory
from sparsestep.artifacts.arrays import read_problem, read_trajectory
from sparsestep.artifacts.tables import last_snapshots
from sparsestep.figures.sources import read_sources
from sparsestep.plan import Plan, paths
from sparsestep.report import page

FIRST = TINY["experiments"]["first"]
DECAY = FIRST["runs"]["decay-50"]["schedule"]
# `long` takes the step sizes of `small`, `late` its decay at half of its own iterations.
RUNS = {
    **FIRST["runs"],
    "long": {**FIRST["runs"]["small"], "iterations": 180},
    "late": {"iterations": 180, "schedule": DECAY},
}
CLAIMS = {
    "stabilises": {"metric": "train_loss", "against": "long"},
    "better": ["test_loss"],
    "sparser": ["l0"],
    "agrees": {"reference": "small", "runs": ["long"], "metrics": ["train_loss"]},
}
BLOCK = {**FIRST, "runs": RUNS, "replicates": 7, "claims": CLAIMS}
RAW = {
    "experiments": {"first": BLOCK},
    "published": [
        {
            "figure": "Figure 0",
            "experiment": "first",
            "runs": {"small": {"train_loss": 0.5}, "long": {"train_loss": 0.2}},
        }
    ],
    "figures": {
        "curves": {**TINY["figures"]["curves"], "panels": ["train_loss", "step_size"]},
        "two": {**TINY["figures"]["curves"], "panels": ["train_loss"], "runs": ["small"]},
        "ends": {"kind": "end_values", "experiment": "first", "panels": ["l0"]},
    },
}
BATCH = "0-6"


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """The plan of what lies in the current folder: measurements, verdicts, figures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("long"))
        plan = Plan(RAW)
        stage_jobs.measure_all(plan)
        tables = plan.report.claims_inputs()
        stage_jobs.do(plan, "claims", output=paths.CLAIMS, tables=tables)
        stage_jobs.draw_all(plan)
        yield plan


def trajectory_of(plan, run):
    return read_trajectory(plan.experiments.trajectory_path("first", run, BATCH))


def drawn(plan, name):
    spec, files = plan.figures.figure(name), plan.figures.input_paths(name)
    return figures.plot(read_sources(spec["sources"], files), spec), spec


def test_it_goes_on_where_the_others_end(plan):
    small, long = (trajectory_of(plan, run) for run in ("small", "long"))
    np.testing.assert_array_equal(small.iterations, [0, 1, 2, 3, 4, 10, 20, 30, 40, 50])
    np.testing.assert_array_equal(long.iterations, [0, 1, 2, 3, 4, 30, 60, 90, 120, 150])
    both = np.intersect1d(small.iterations, long.iterations)
    at = [np.searchsorted(of.iterations, both) for of in (small, long)]
    # The same data, start and order: to the bit.
    np.testing.assert_array_equal(small.parameters[:, at[0]], long.parameters[:, at[1]])
    problems = [
        read_problem(plan.experiments.problem_path("first", BATCH, run))
        for run in ("small", "long")
    ]
    np.testing.assert_array_equal(problems[0].order, problems[1].order[:, :60])
    assert problems[1].order.shape[1] == 180


def test_it_decays_at_a_fraction_of_its_own_iterations(plan):
    late = trajectory_of(plan, "late")
    sizes = dict(zip(late.iterations.tolist(), late.step_sizes[0].tolist(), strict=True))
    assert (sizes[60], sizes[120]) == (0.05, 0.025)


def test_the_axis_of_time_reaches_its_end(plan):
    figure, spec = drawn(plan, "curves")
    assert [axes.get_xlim() for axes in figure.axes] == [(0, 180), (0, 180)]
    lines = {line.get_color(): line.get_xdata() for line in figure.axes[1].lines[::-1]}
    ends = sorted(int(np.max(x)) for x in lines.values())
    assert ends == [50, 50, 150, 150]
    # Decays at 30 of 60 and 90 of 180, and the next iteration each: boundary included.
    dotted = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    assert dotted == [31, 91]
    stars = {
        float(line.get_xdata()[0]) for line in figure.axes[0].lines if line.get_marker() == "*"
    }
    assert stars == {50, 150}
    texts = legend_texts(figure)
    assert "long: $\\eta$ = 0.01, 180 iterations (0 of 7 diverged)" in texts
    assert "small: $\\eta$ = 0.01 (0 of 7 diverged)" in texts
    alone, _ = drawn(plan, "two")
    assert alone.axes[0].get_xlim() == (0, 60)
    assert set(spec["experiments"]["first"]["runs"]["long"]) > {"iterations"}


def test_end_values_and_claims_are_of_each_ones_last_snapshot(plan):
    tables = [
        pd.read_parquet(plan.experiments.measurement_path("first", run, BATCH)).assign(run=run)
        for run in RUNS
    ]
    last = last_snapshots(pd.concat(tables, ignore_index=True)).set_index(["run", "replicate"])
    assert last["iteration"].unstack()[0].to_dict() == {
        "small": 50, "decay-50": 50, "long": 150, "late": 150
    }  # fmt: skip
    claims = pd.read_csv(paths.CLAIMS)
    rows = claims[claims["claim"] == "better"].set_index(["run_a", "run_b"])
    # Nothing is compared with what is trained for longer.
    assert list(rows.index) == [("long", "decay-50"), ("small", "decay-50"), ("long", "late")]
    of_run = last["test_loss"].unstack().T
    ratios = (of_run["decay-50"] / of_run["long"]).median()
    assert rows.loc[("long", "decay-50"), "effect"] == pytest.approx(ratios, rel=1e-12)
    assert rows.loc[("long", "late"), ["phase_a", "phase_b"]].tolist() == [0, 91 / 180]
    (agrees,) = claims[claims["claim"] == "agrees"].to_dict("records")
    ratios = last["train_loss"].unstack().T
    ratio = (ratios["long"] / ratios["small"]).median()
    assert agrees["effect"] == pytest.approx(ratio, rel=1e-12)


def test_the_level_is_compared_in_the_same_iterations(plan):
    claims = pd.read_csv(paths.CLAIMS)
    high = claims[claims["claim"] == "stabilises: high"].set_index("run_b")
    assert set(high.index) == {"decay-50", "late"}
    table = pd.read_parquet(plan.experiments.measurement_path("first", "long", BATCH))
    # Of the large steps up to 31 and 91: the snapshots of `long` in the second halves.
    for run, at in (("decay-50", [30]), ("late", [60, 90])):
        values = table[table["iteration"].isin(at)].pivot(
            index="iteration", columns="replicate", values="train_loss"
        )
        median = (10 ** np.log10(values).mean()).median()
        assert high.loc[run, "median_a"] == pytest.approx(median, rel=1e-12)


@pytest.mark.parametrize(
    ("own", "told"), [({}, ""), ({"epochs": 9}, " (9 epochs)")], ids=["iterations", "epochs"]
)
def test_the_report_says_where_it_ends(plan, own, told):
    # As the job reads it: keys are sorted.
    spec = json.loads(plan.jobs.spec("report")(None))
    spec["experiments"][0]["runs"]["long"] |= own
    names = ["experiment", "run", "replicate", "metric", "value"]
    summary = [["first", run, 0, "diverged", 0.0] for run in RUNS]
    template = (ROOT / "workflow" / "report" / "page.html").read_text()
    built = page.build(
        {**spec, "figures": []}, pd.DataFrame(summary, columns=names), {}, {}, template
    )
    heading = " ".join(built.partition("<h3>First,")[2].partition("</h3>")[0].split())
    ends = f"iteration 50 of 60; long: 150 of 180{told}; late: 150 of 180"
    assert heading == ends


def test_from_python_it_is_the_same(plan):
    table = laboratory.run({**BLOCK, "claims": {}})
    for run in RUNS:
        stored = pd.read_parquet(plan.experiments.measurement_path("first", run, BATCH))
        found = table[table["run"] == run].drop(columns="run").reset_index(drop=True)
        pd.testing.assert_frame_equal(found, stored)
