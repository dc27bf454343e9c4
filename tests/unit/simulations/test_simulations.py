"""Simulations from config.yaml to table, figure and report; see also those of their kinds."""

import json
import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_tables import assert_drawn, assert_filled, filled, legend_texts, plot

from conftest import ROOT
from sparsestep.artifacts import files, tables
from sparsestep.artifacts.identity import identity
from sparsestep.errors import ArtifactError, ConfigError
from sparsestep.figures import render
from sparsestep.figures.sources import Sources, read_sources
from sparsestep.plan import Plan
from sparsestep.report import page as report
from sparsestep.simulations import simulate, summarise

SETTLING = ("simulations", "settling")
MISTAKES = [
    (
        (*SETTLING, "kind"),
        "stabilisation",
        "kind: unknown simulation, got 'stabilisation'; valid: ",
    ),
    ((*SETTLING, "steps"), 1, "steps: got 1; input should be greater than or equal to 2"),
    ((*SETTLING, "step"), 1, "step: unknown key, got 'step'; valid: "),
    ((*SETTLING, "theta_stars"), [1, -1], "theta_stars.1: got -1; input should be greater than 0"),
    ((*SETTLING, "inputs", 1, "low"), 2, "inputs.1: got {"),
    ((*SETTLING, "inputs", 0, "high"), 2, "inputs.0: got {"),
    ((*SETTLING, "inputs", 0, "distribution"), "normal", "inputs.0.distribution: got 'normal'; "),
    ((*SETTLING, "inputs", 0, "name"), "wide", "the names of inputs must differ"),
    ((*SETTLING, "gamma_max", "high"), 0.5, "gamma_max: got {"),
    (("simulations", "parabolas", "shapes"), [[6]], "shapes.0: got [6]; must have at least 2"),
    (("simulations", "parabolas", "normalisations"), ["max"], "normalisations.0: got 'max'; "),
    (("simulations", "parabolas", "tolerance"), 2, "tolerance: got 2; input should be less than 1"),
    (("simulations", "parabolas", "tolerance"), 1e-17, "tolerance: got 1e-17; input should be gre"),
    (("simulations", "parabolas", "noise"), 1e200, "noise: got 1e+200; input should be less than"),
    (("simulations", "descents", "noise"), 1e7, "noise: got 10000000.0; input should be less than"),
    (("simulations", "bouncing", "starts"), [1.5], "starts.0: got 1.5; input should be less than"),
    (
        ("figures", "settling", "paths"),
        "descents",
        "there is no simulation of kind stabilization_paths by that name, got 'descents'; "
        "valid: bouncing",
    ),
    (
        ("figures", "settling", "inputs"),
        ["same", "whide"],
        "inputs.1: got 'whide'; valid: same, wide",
    ),
    (
        (*SETTLING, "theta_stars"),
        [1, 2, 3, 4, 5, 6],
        "figures.settling.simulation: got one with 6 theta_stars; valid: at most 5",
    ),
    (("figures", "parabolas", "simulation"), "none", "got 'none'; valid: parabolas"),
]


@pytest.mark.parametrize(("path", "value", "says"), MISTAKES)
def test_mistake_is_one_line(tiny_with_simulations, path, value, says):
    place = tiny_with_simulations
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises(ConfigError) as caught:
        Plan(tiny_with_simulations)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith((".".join(path[:2]), "figures.settling"))
    assert says in str(caught.value)


def test_ids_paths_and_specs(tiny_with_simulations):
    plan = Plan(tiny_with_simulations)
    spec = plan.simulations.simulation("settling")
    assert spec["beside_ends"] == []
    path = plan.simulations.path("settling")
    assert path == f"results/simulations/settling-{identity(spec)}.parquet"
    wildcards = SimpleNamespace(simulation="settling", simulation_id=identity(spec))
    assert json.loads(plan.jobs.spec("simulate")(wildcards)) == spec
    assert plan.simulations.short_table_paths() == [
        "results/tables/parabolas.csv",
        "results/tables/settling.csv",
    ]
    assert plan.simulations.summarised_by_kind() == {
        "quadratic": ["parabolas"],
        "stabilization": ["settling"],
    }
    inputs = plan.figures.input_paths("settling")
    assert inputs.pop("simulations") == [path, plan.simulations.path("bouncing")]
    assert not any(inputs.values())
    wildcards.simulation_id = "0" * 12
    with pytest.raises(ConfigError, match="does not follow from config"):
        plan.jobs.spec("simulate")(wildcards)
    # How a value is written does not matter.
    tiny_with_simulations["simulations"]["settling"] |= {"beside_ends": [], "steps": "3e2"}
    assert Plan(tiny_with_simulations).simulations.path("settling") == path


def test_the_stages_write_and_check(tiny_with_simulations, tmp_path):
    plan = Plan(tiny_with_simulations)
    spec = plan.simulations.simulation("settling")
    wildcards = SimpleNamespace(simulation="settling", simulation_id=identity(spec))
    paths = {"simulate": tmp_path / "t.parquet", "tabulate": tmp_path / "t.csv"}
    for stage, options in (("simulate", []), ("tabulate", ["--table", str(paths["simulate"])])):
        told = ["--spec", plan.jobs.spec(stage)(wildcards)]
        told += [
            "--code",
            plan.jobs.code(stage)(wildcards),
            "--output",
            str(paths[stage]),
            *options,
        ]
        command = [sys.executable, "-m", f"sparsestep.stages.{stage}", *told]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    table = tables.read_table(paths["simulate"], identity(spec), tables.SIMULATION)
    pd.testing.assert_frame_equal(table, simulate(spec), check_exact=True)
    short = pd.read_csv(paths["tabulate"])
    assert short["runs"].sum() == len(table)
    with pytest.raises(ArtifactError, match="holds a simulation table, expected a measurement"):
        tables.read_table(paths["simulate"])
    with pytest.raises(ArtifactError, match="made from another configuration"):
        tables.read_table(paths["simulate"], "0" * 12, tables.SIMULATION)


def test_texts_in_a_table_are_checked(tmp_path):
    table = pd.DataFrame({"name": ["γ", "two"], "value": [1.0, np.nan]})
    path = tmp_path / "t"
    tables.write_table(path, table, files.provenance({}, "c0de"), tables.SIMULATION)
    pd.testing.assert_frame_equal(tables.read_table(path, None, tables.SIMULATION), table)
    arrow = tables.pq.read_table(path)
    changed = arrow.set_column(0, "name", tables.pa.array(["γ", "twa"]))
    tables.pq.write_table(changed.replace_schema_metadata(arrow.schema.metadata), path)
    with pytest.raises(ArtifactError, match="values do not match their checksum"):
        tables.read_table(path, None, tables.SIMULATION)


@pytest.fixture
def drawn(tiny_with_simulations):
    """Sources and specs of the figures."""
    plan = Plan(tiny_with_simulations)
    sources = Sources(
        simulations={
            name: simulate(plan.simulations.simulation(name)) for name in plan.config.simulations
        }
    )
    specs = {
        name: json.loads(plan.jobs.spec("figure")(SimpleNamespace(figure=name)))
        for name in ("parabolas", "settling")
    }
    return sources, specs


def test_sources_of_a_figure_are_read(drawn, tiny_with_simulations, tmp_path):
    sources, specs = drawn
    plan = Plan(tiny_with_simulations)
    names = specs["settling"]["sources"]
    paths = [str(tmp_path / name) for name, _ in names["simulations"]]
    for path, (name, _) in zip(paths, names["simulations"], strict=True):
        made = files.provenance(plan.simulations.simulation(name), "")
        tables.write_table(path, sources.simulation(name), made, tables.SIMULATION)
    read = read_sources(names, {"simulations": paths})
    pd.testing.assert_frame_equal(read.simulation("bouncing"), sources.simulation("bouncing"))
    with pytest.raises(ArtifactError, match="made from another configuration"):
        read_sources(names, {"simulations": paths[::-1]})


@pytest.mark.parametrize("name", ["parabolas", "settling"])
@pytest.mark.parametrize("kind", ["svg", "png"])
def test_same_bytes(drawn, name, kind):
    sources, specs = drawn
    first, second = (render(plot(sources, specs[name]), kind) for _ in range(2))
    assert first == second


def test_the_bifurcation_diagram_shows_the_last_iterates(drawn):
    sources, specs = drawn
    figure = plot(sources, specs["settling"])
    table = sources.simulation("settling").query("inputs == 'same'")
    for column in ("before", "last"):
        assert any(np.array_equal(line.get_ydata(), table[column]) for line in figure.axes[0].lines)
    # The range of the proposition; the wide distribution has none.
    ends = [line.get_xdata()[0] for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    assert ends == [1.0, 1.25]
    assert not [line for line in figure.axes[1].lines if len(line.get_xdata()) == 2]
    assert "2 replicates" not in figure.get_suptitle()
    assert "5 replicates, 300 steps" in figure.get_suptitle()


def test_outcomes_of_every_step_size(drawn):
    sources, specs = drawn
    axes = plot(sources, specs["settling"]).axes[5]
    colours = {"#0072B2": "bands", "#56B4E9": "sides", "#999999": "converged", "#F0E442": "mixed"}
    shown = [
        colours[plt.matplotlib.colors.to_hex(bar.get_facecolor()).upper()] for bar in axes.patches
    ]
    # gamma = 0.9, 0.983, 1.07, 1.15, 1.23, 1.32, 1.4 of constant x; the other converges.
    # At 0.983 some starts take longer than these few steps.
    first = ["converged", "mixed", *["bands"] * 3, "sides", "mixed"]
    assert shown == [*first, *["converged"] * 7]

    assert [text.get_text() for text in axes.get_yticklabels()] == ["same", "wide"]
    # The proposition's range of the constant x; the wide one has none.
    (ends,) = axes.lines
    assert ends.get_xydata().tolist() == [[1.0, -0.36], [1.25, -0.36]]


def test_ranges_of_the_loss_in_both_units(tiny_with_simulations):
    # Both distributions have a range of step sizes.
    tiny_with_simulations["simulations"]["settling"]["inputs"][1]["low"] = 0.97
    plan = Plan(tiny_with_simulations)
    names = ("settling", "bouncing")
    tables = {name: simulate(plan.simulations.simulation(name)) for name in names}
    spec = json.loads(plan.jobs.spec("figure")(SimpleNamespace(figure="settling")))
    figure = plot(Sources(simulations=tables), spec)
    table, (corrected, stated) = tables["settling"], figure.axes[3:5]

    def ends(rows):
        of_gamma = rows.groupby("gamma_max")
        return of_gamma["smallest"].min(), of_gamma["largest"].max()

    for name in ("same", "wide"):
        low, high = ends(table[table["inputs"] == name])
        assert_filled(corrected, low.index, low, high)
        assert (high > 1.5 * low).any()
    # As stated, in units of theta*^2: E[x^2] theta*^2 times that, by theta*, of the second x.
    wide, mean_square = table[table["inputs"] == "wide"], (0.97**2 + 0.97 + 1) / 3
    for theta_star in (1.0, 3.0):
        of_star = ends(wide[wide["theta_star"] == theta_star])
        low, high = (mean_square * theta_star**2 * end for end in of_star)
        assert_filled(stated, low.index, low, high)
    # Upper bounds; from the lower end of the range on also lower ones, eps0^2 and eps0.
    for axes, bound in ((corrected, (1 - 0.65**2) ** 2 / 4), (stated, 0.17)):
        assert_drawn(axes, [0, 1], [bound, bound])
    for ratio, shown in ((1.0, [corrected]), (1 / 0.97**2, [corrected, stated])):
        gammas = np.linspace(ratio, 1.25, 300)[1:]
        eps0 = np.minimum((gammas / ratio - 1) / 3, 0.02)
        for axes in shown:
            assert_drawn(axes, gammas, eps0**2)
            assert_drawn(axes, gammas, eps0)
    assert_filled(stated, gammas, eps0**2, np.full(299, 0.17))
    words = legend_texts(figure)
    assert len(words) == len(set(words))
    assert "(d) all runs, $t > T/2$, $x$: wide" in words
    assert r"(e) the same, $\theta^*$ = 3" in words


def test_regions_and_single_runs(drawn):
    sources, specs = drawn
    figure = plot(sources, specs["settling"])
    # gamma_min is gamma_max for a constant x: eps0 grows to 0.02.
    gammas = np.linspace(1, 1.25, 200)
    eps0 = np.minimum((gammas - 1) / 3, 0.02)
    ends = [0 * gammas, 0 * gammas + 0.65, 1 - eps0, 0 * gammas + 1, 0 * gammas + 1.162]
    assert len(filled(figure.axes[0])) == 4
    for low, high in pairwise(ends):
        assert_filled(figure.axes[0], gammas, low, high)
    assert not filled(figure.axes[1])
    single = figure.axes[2]
    for low, high in pairwise([0, 0.65, 0.98, 1, 1.162]):
        assert_filled(single, [0, 10], [low, low], [high, high])
    runs = sources.simulation("bouncing")
    assert len(single.lines) == 2
    for start, line in zip((0.1, 0.5), single.lines, strict=True):
        run = runs[runs["start"] == start]
        assert_drawn(single, run["step"], run["theta"])
        assert line.get_label() == rf"$\theta_0$ = {start:g} $\theta^*$"


def test_thresholds_and_runs_are_drawn(drawn):
    sources, specs = drawn
    figure = plot(sources, specs["parabolas"])
    runs = sources.simulation("descents")
    for fraction, line in zip((0.5, 1.0, 1.1), figure.axes[0].lines, strict=True):
        expected = runs.loc[runs["of_threshold"] == fraction, "excess"]
        np.testing.assert_array_equal(line.get_ydata(), expected)
    thresholds = sources.simulation("parabolas")
    of_sum = thresholds.query("normalisation == 'sum'")
    np.testing.assert_array_equal(figure.axes[2].lines[0].get_ydata(), of_sum["measured"])
    loss, cycle, measured, errors = figure.axes[:4]
    # The run at the threshold along both eigenvectors.
    at = runs[runs["of_threshold"] == 1.0]
    for name, line in zip(("top", "second"), cycle.lines, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), at[name])
    for name in ("sum", "mean"):
        of_name = thresholds[thresholds["normalisation"] == name]
        assert_drawn(measured, of_name["exact"], of_name["measured"])
        relative = (of_name["measured"] - of_name["exact"]) / of_name["exact"]
        line = next(line for line in errors.lines if list(line.get_xdata()) == [*of_name["exact"]])
        np.testing.assert_allclose(line.get_ydata(), relative, rtol=1e-9)
    ends = [thresholds["exact"].min() / 2, thresholds["exact"].max() * 2]
    assert_drawn(measured, ends, ends)
    assert loss.get_yscale() == measured.get_xscale() == measured.get_yscale() == "log"


def test_captions_and_tables_stand_in_the_report(tiny_with_simulations):
    plan = Plan(tiny_with_simulations)
    spec = json.loads(plan.jobs.spec("report")(None))
    spec["experiments"] = []
    pages = ROOT / "workflow" / "report"
    spec["figures"] = [f for f in spec["figures"] if f["name"] in ("parabolas", "settling")]
    page = report.build(
        spec,
        pd.DataFrame(),
        {name: (".svg", b"<svg/>") for name in ("parabolas", "settling")},
        {kind: (pages / f"{kind}.rst").read_text() for kind in ("quadratic", "bifurcation")},
        (pages / "page.html").read_text(),
        tables={
            name: summarise(
                plan.simulations.simulation(name), simulate(plan.simulations.simulation(name))
            )
            for name in spec["tables"]
        },
        notes={
            kind: (pages / "tables" / f"{kind}.rst").read_text()
            for kind in ("quadratic", "stabilization")
        },
    )
    words = " ".join(page.split())
    assert "Simulated were 7 values of γ_max from 0.9 to 1.4" in words
    assert "5 replicates of 300 steps each" in words
    assert "has 5 runs of 300 steps for each of the 2 θ*" in words
    assert "Simulated were 2 Gaussian X for each of 1 sizes and 2 normalisations" in words
    assert "System Message" not in page
    assert "<td>window</td>" in page


def test_regions_of_inputs_that_vary_are_those_of_the_smallest_gamma(tiny_with_simulations):
    tiny_with_simulations["simulations"]["settling"]["inputs"][1]["low"] = 0.97
    plan = Plan(tiny_with_simulations)
    tables = {
        name: simulate(plan.simulations.simulation(name)) for name in ("settling", "bouncing")
    }
    spec = json.loads(plan.jobs.spec("figure")(SimpleNamespace(figure="settling")))
    axes = plot(Sources(simulations=tables), spec).axes[1]
    gammas = np.linspace(1 / 0.97**2, 1.25, 200)
    eps0 = np.minimum((gammas * 0.97**2 - 1) / 3, 0.02)
    # At the lower end rounding may leave something below zero of it.
    low, one, high = (0 * gammas + end for end in (0.65, 1, 1.162))
    for bottom, top in pairwise([0 * gammas, low, 1 - np.maximum(eps0, 0), one, high]):
        assert_filled(axes, gammas, bottom, top)
