"""The figure of label noise against the Lasso: what it draws, what it fits, what it refuses."""

import numpy as np
import pytest
from figure_tables import assert_drawn, assert_filled, drawn, legend_texts, plot, tables_and_specs

from conftest import ROOT
from sparsestep.artifacts.tables import last_snapshots
from sparsestep.errors import ConfigError
from sparsestep.figures import render
from sparsestep.figures.draw import lasso_profile
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.plan import Plan
from sparsestep.report.page import render_caption


@pytest.fixture
def lasso(tiny):
    """The tiny experiment with label noise, three runs, and its profile."""
    first = tiny["experiments"]["first"]
    first.update(iterations=400, snapshots={"first": 1, "evenly_spaced": 41})
    first.pop("claims")
    first["measure"] = {"lasso_distance": None}
    first["runs"] = {
        name: {
            "algorithm": {"kind": "label_noise_gd", "variance": variance},
            "schedule": {"kind": "constant", "step_size": step_size},
        }
        for name, variance, step_size in (("a", 0.4, 0.1), ("b", 4.0, 0.1), ("c", 2.0, 0.2))
    }
    tiny["figures"] = {"profile": {"kind": "lasso_profile", "experiment": "first"}}
    return tiny


def tables_and_spec(raw):
    tables, specs = tables_and_specs(raw)
    return tables["first"], specs["profile"]


def test_panels_show_medians_over_the_replicates(lasso):
    table, spec = tables_and_spec(lasso)
    page = plot(Sources({"first": table}), spec)
    late = table[table["iteration"] > table["iteration"].max() // 2]
    of_replicate = late.groupby(["run", "replicate"])
    distance, penalty, recovery, _, _, on_support = page.axes
    at, ab = [0.04, 0.4], ["a", "b"]
    mean = of_replicate["lasso_distance"].mean().groupby("run").median()
    assert_drawn(distance, at, mean[ab])
    assert_drawn(distance, [0.4], mean[["c"]])
    end = last_snapshots(table).groupby("run")
    assert_drawn(distance, at, end["mean_lasso_distance"].median()[ab])
    assert_drawn(distance, at, end["predicted_fluctuation"].median()[ab])
    # Snapshots lie 10 iterations apart; the last is before iteration 400.
    assert_drawn(distance, at, end["predicted_fluctuation"].median()[ab] / np.sqrt(20))
    assert_drawn(penalty, at, end["mean_lasso_penalty"].median()[ab])
    assert_drawn(penalty, at, np.array(at) / (2 * 6))
    assert_drawn(recovery, at, of_replicate["support_recall"].mean().groupby("run").mean()[ab])
    square = late.assign(square=late["support_distance"] ** 2)
    root = square.groupby(["run", "replicate"])["square"].mean() ** 0.5
    assert_drawn(on_support, at, root.groupby("run").median()[ab])


def test_bands_are_10_to_90_per_cent_of_the_survivors(lasso):
    lasso["experiments"]["first"]["replicates"] = 7
    table, spec = tables_and_spec(lasso)
    table.loc[(table["run"] == "b") & (table["replicate"] == 3), "diverged_at"] = 200
    page = plot(Sources({"first": table}), spec)
    alive = table[table["diverged_at"] < 0]
    late = alive[alive["iteration"] > table["iteration"].max() // 2]
    values = late.groupby(["run", "replicate"])["lasso_distance"].mean().unstack()
    assert values.loc["b"].isna().sum() == 1
    ends = np.nanpercentile(values.loc[["a", "b"]], (10, 90), axis=1)
    assert_filled(page.axes[0], [0.04, 0.4], *ends)
    of_mean = last_snapshots(table).set_index(["run", "replicate"])["mean_lasso_penalty"].unstack()
    ends = np.nanpercentile(of_mean.loc[["a", "b"]], (10, 90), axis=1)
    assert_filled(page.axes[1], [0.04, 0.4], *ends)


def test_precision_recall_and_decay_with_what_is_predicted(lasso):
    table, spec = tables_and_spec(lasso)
    page = plot(Sources({"first": table}), spec)
    end = last_snapshots(table).groupby("run")
    late = table[table["iteration"] > table["iteration"].max() // 2]
    runs = ["a", "b"]
    for name in ("precision", "recall"):
        mean = late.groupby(["run", "replicate"])[f"support_{name}"].mean().groupby("run").mean()
        assert_drawn(page.axes[2], [0.04, 0.4], mean[runs])
        predicted = end[f"predicted_{name}"].mean()
        # All runs, by level: c, whose step size is another, has the level of b.
        assert_drawn(page.axes[2], [0.04, 0.4], predicted[runs])
    decay = page.axes[3]
    assert len(decay.lines) == 4
    for run, level, line, predicted in zip(
        runs, ("0.04", "0.4"), decay.lines[::2], decay.lines[1::2], strict=True
    ):
        of_run = table[(table["run"] == run) & (table["replicate"] == 0)]
        logs = of_run["log_off_lasso_support"].to_numpy() / np.log(10)
        np.testing.assert_array_equal(line.get_xdata(), of_run["iteration"])
        np.testing.assert_allclose(line.get_ydata(), logs, rtol=1e-12)
        assert line.get_label() == level
        # Through the middle of what is seen.
        seen = of_run[logs >= -40]
        t, y = predicted.get_xdata(), predicted.get_ydata()
        np.testing.assert_array_equal(t, seen["iteration"])
        slope = -seen["predicted_decay"].to_numpy() / np.log(10)
        np.testing.assert_allclose(np.diff(y), slope[1:] * np.diff(t), rtol=1e-9)
        middle = len(seen) // 2
        assert y[middle] == pytest.approx(logs[logs >= -40][middle])


def test_fits_recover_what_was_put_in(lasso):
    table, spec = tables_and_spec(lasso)
    table["log_off_lasso_support"] = (
        -0.03 * table["iteration"] - 2 + 100 * (table["iteration"] < 100)
    )
    table["predicted_decay"] = 0.02
    table["support_distance"] = 3 * table["noise_level"] ** 0.4
    profile = lasso_profile.Profile(table, Shown.from_spec(spec["experiments"]["first"]))
    np.testing.assert_allclose(profile.decay_rates(), 0.03)
    np.testing.assert_allclose(profile.exponents(), 0.4)
    page = plot(Sources({"first": table}), spec)
    assert_drawn(page.axes[4], [0.04, 0.4], [1.5, 1.5])
    texts = legend_texts(page)
    assert any("a = 0.400 [0.400, 0.400]" in text for text in texts)
    assert r"$\eta$ = 0.1 (0 of 6 diverged)" in texts
    assert r"$\eta$ = 0.2 (0 of 3 diverged)" in texts


@pytest.mark.parametrize("at", [200, 0])
def test_diverged_replicates_are_left_out(lasso, at):
    table, spec = tables_and_spec(lasso)
    lost = (table["run"] == "a") & (table["replicate"] == 1)
    table.loc[lost, "diverged_at"] = at
    table.loc[lost, "lasso_distance"] = 1e6
    page = plot(Sources({"first": table}), spec)
    assert all((np.array(y) < 1e3).all() for _, y in drawn(page.axes[0]))
    texts = legend_texts(page)
    assert r"$\eta$ = 0.1 (1 of 6 diverged)" in texts


def test_all_diverged_is_drawn_all_the_same(lasso):
    for run in lasso["experiments"]["first"]["runs"].values():
        run["schedule"]["step_size"] = 80.0
    table, spec = tables_and_spec(lasso)
    assert (table["diverged_at"] >= 0).all()
    assert render(plot(Sources({"first": table}), spec), "png").startswith(b"\x89PNG")


def test_same_bytes(lasso):
    table, spec = tables_and_spec(lasso)
    first, second = (render(plot(Sources({"first": table}), spec), "svg") for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"algorithm": {"kind": "gd"}}, "runs.b.algorithm.kind 'gd'; every run must be trained"),
        (
            {"schedule": {"kind": "constant", "step_size": {"of_edge": 0.5}}},
            "every run must have a constant step size, given as a number",
        ),
        (
            {
                "schedule": {
                    "kind": "step_decay",
                    "step_size": 0.1,
                    "decay_at": 0.5,
                    "divide_by": 2,
                }
            },
            "every run must have a constant step size, given as a number",
        ),
    ],
)
def test_unsuitable_runs_are_refused_in_one_line(lasso, change, says):
    lasso["experiments"]["first"]["runs"]["b"].update(change)
    with pytest.raises(ConfigError) as error:
        Plan(lasso)
    (line,) = str(error.value).splitlines()
    assert line.startswith("figures.profile.experiment: ")
    assert says in line


def test_unmeasured_is_refused_in_one_line(lasso):
    lasso["experiments"]["first"]["measure"] = {"losses": None}
    with pytest.raises(ConfigError) as error:
        Plan(lasso)
    (line,) = str(error.value).splitlines()
    assert line.startswith("figures.profile.experiment: not measured there")
    assert "lasso_distance" in line


def test_the_later_half_is_each_runs_own(lasso):
    lasso["experiments"]["first"]["runs"]["b"]["iterations"] = 800
    lasso["experiments"]["first"]["runs"]["b"]["snapshots"] = {"evenly_spaced": 31}
    table, spec = tables_and_spec(lasso)
    page = plot(Sources({"first": table}), spec)
    last = table.groupby("run")["iteration"].transform("max")
    late = table[table["iteration"] > last // 2]
    assert late.groupby("run")["iteration"].min().to_dict() == {"a": 200, "b": 400, "c": 200}
    mean = late.groupby(["run", "replicate"])["lasso_distance"].mean().groupby("run").median()
    assert_drawn(page.axes[0], [0.04, 0.4], mean[["a", "b"]])
    end = last_snapshots(table).groupby("run")["predicted_fluctuation"].median()
    counts = late.groupby("run")["iteration"].nunique()
    assert counts.to_dict() == {"a": 20, "b": 15, "c": 20}
    assert_drawn(page.axes[0], [0.04, 0.4], (end / np.sqrt(counts))[["a", "b"]])
    assert any("a mean of 15 to 20 snapshots" in text for text in legend_texts(page))
    text = (ROOT / "workflow" / "report" / "lasso_profile.rst").read_text()
    config = {"figures": {"profile": spec["figure"]}, "experiments": spec["experiments"]}
    said = " ".join(render_caption(text, {"figure": "profile"}, config).split())
    assert "3 replicates a run, 400 iterations each, 800 of b; 3 runs," in said
