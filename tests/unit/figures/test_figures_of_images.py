"""Figures, verdicts and captions of networks on images."""

import io
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_tables import drawn, legend_texts, plot
from image_figures import DENSENET, PANELS, RESNET, raw_config, sources_of, spec_of, table_of

from conftest import ROOT
from sparsestep.artifacts import fingerprint
from sparsestep.claims.verdicts import judge
from sparsestep.claims.words import sentences
from sparsestep.errors import ConfigError
from sparsestep.figures import render
from sparsestep.figures.draw import filters as filter_panels
from sparsestep.figures.parts import style
from sparsestep.figures.sources import Sources
from sparsestep.plan import Plan
from sparsestep.report import page as report
from sparsestep.report.end_values import summarise

RUNS = ("small", "decay-10", "decay-50")


def curves(**others):
    """The axes of the training curves, by metric, and the page."""
    page = plot(Sources({"deep": table_of(**others)}), spec_of(raw_config(), "curves"))
    return dict(zip(PANELS, page.axes, strict=False)), page


def test_time_is_counted_in_epochs():
    axes, _ = curves()
    loss = axes["train_loss"]
    assert (loss.get_xlabel(), loss.get_xlim()) == ("epoch", (0, 40))
    medians = [line for line in loss.lines if line.get_marker() == "."]
    assert len(medians) == 3
    for line in medians:
        assert list(line.get_xdata()) == list(range(0, 41, 2))
    # Decays of decay-10 and decay-50, both again at 90 %.
    dotted = [x for x, _ in drawn(loss) if len(x) == 2 and x[0] == x[1]]
    assert sorted(dotted) == [[4, 4], [20, 20], [36, 36], [36, 36]]


def test_epochs_go_on_where_a_run_has_more():
    raw = raw_config()
    raw["experiments"]["deep"]["runs"]["decay-50"]["epochs"] = 120
    table = table_of()
    table.loc[table["run"] == "decay-50", "iteration"] *= 3
    page = plot(Sources({"deep": table}), spec_of(raw, "curves"))
    loss, *_, steps = dict(zip(PANELS, page.axes, strict=False)).values()
    assert loss.get_xlim() == (0, 120)
    dotted = [x for x, _ in drawn(loss) if len(x) == 2 and x[0] == x[1]]
    assert sorted(dotted) == [[4, 4], [36, 36], [60, 60], [108, 108]]
    ends = [x[-1] for x, _ in drawn(steps) if len(x) > 100]
    # Before the last update, of 12 an epoch.
    assert ends == pytest.approx([40 - 1 / 12, 40 - 1 / 12, 120 - 1 / 12])
    assert any("at 90 %, 120 epochs (" in text for text in legend_texts(page))


def test_the_medians_are_those_of_the_table():
    axes, _ = curves()
    table = table_of()
    expected = table[table["run"] == "decay-50"].groupby("iteration")["test_error"].median()
    assert any(np.array_equal(y, expected) for _, y in drawn(axes["test_error"]))


def test_divergences_in_epochs():
    axes, page = curves(diverged=[("decay-50", 1)])
    crosses = [line for line in axes["train_loss"].lines if line.get_marker() == "x"]
    assert [x for line in crosses for x in line.get_xdata()] == [7.5]
    assert any("decay-50" in t and "1 of 3 diverged" in t for t in legend_texts(page))


def test_errors_are_shown_in_per_cent():
    axes, page = curves()
    page.canvas.draw()
    error = axes["test_error"]
    assert error.get_ylabel() == "test error [%]"
    for tick, label in zip(error.get_yticks(), error.get_yticklabels(), strict=True):
        assert float(label.get_text().replace("\N{MINUS SIGN}", "-")) == pytest.approx(100 * tick)
    assert axes["feature_sparsity_last"].get_ylabel() == "feature sparsity, last block"


def test_step_sizes_fall_at_once():
    axes, page = curves()
    lines = [(np.array(x), np.array(y)) for x, y in drawn(axes["step_size"]) if len(x) > 100]
    _, _, (x, eta) = lines
    before, after = eta[x < 20][-1], eta[x >= 20][0]
    assert after == pytest.approx(before / 10, rel=0.02)
    assert x[x >= 20][0] == 20
    assert x[x < 20][-1] == pytest.approx(20 - 1 / 12)
    # The same, as 2 / eta, beside the sharpness.
    assert any(np.allclose(y, 2 / eta) for _, y in drawn(axes["sharpness"]) if len(y) == len(eta))
    assert r"$2 / \eta$ (sharpness)" in legend_texts(page)
    assert "median of the survivors; a dot is a snapshot" in legend_texts(page)


@pytest.mark.parametrize("figure", ["curves", "ends"])
def test_legends_do_not_overlap(figure):
    page = plot(Sources({"deep": table_of()}), spec_of(raw_config(), figure))
    page.canvas.draw()
    runs, marks = (legend.get_window_extent() for legend in page.legends)
    assert runs.x1 <= marks.x0
    assert marks.x1 <= page.bbox.x1


def test_all_diverged_is_drawn_all_the_same():
    table = table_of(diverged=[(run, replicate) for run in RUNS for replicate in range(3)])
    for figure in ("curves", "ends"):
        page = plot(Sources({"deep": table}), spec_of(raw_config(), figure))
        assert any("3 of 3 diverged" in text for text in legend_texts(page))
        assert render(page, "png").startswith(b"\x89PNG")


def stems(channels=1, filters=16):
    """First convolutions of the three runs."""
    rng = np.random.default_rng(0)
    return {run: rng.standard_normal((filters, channels, 3, 3)).astype("f4") for run in RUNS}


def titles(page):
    return [axes.get_title() for axes in page.axes]


@pytest.mark.parametrize("bfloat16", [False, True])
@pytest.mark.parametrize(
    ("model", "filters", "dataset", "channels"),
    [(DENSENET, 16, "digits", 1), (RESNET, 5, "cifar10", 3)],
)
def test_filters_are_those_of_the_first_layer(model, filters, dataset, channels, bfloat16):
    raw = raw_config(model, dataset, bfloat16)
    given = stems(channels, filters)
    sources = sources_of(raw, given)
    found = filter_panels.first_filters(sources.trajectory("deep", "small"), -1)
    norms = [np.sqrt((each.astype("f8") ** 2).sum()) for each in given["small"]]
    expected = given["small"][np.argsort(norms)[::-1]]
    np.testing.assert_allclose(found, expected, rtol=1e-2 if bfloat16 else 0, atol=0)
    page = plot(sources, spec_of(raw, "filters"))
    assert titles(page) == [f"{run}\n0 of {filters} vanish" for run in RUNS]
    assert render(page, "png") == render(plot(sources, spec_of(raw, "filters")), "png")


def test_filters_in_one_scale():
    raw, given = raw_config(), {run: 0 * stem for run, stem in stems().items()}
    given["small"][3, 0, 1, 2] = -2.0
    given["decay-10"][5, 0, 0, 0] = 1.0
    given["decay-50"][:, 0, 1, 1] = np.geomspace(2 * 0.0099, 2, 16)
    page = plot(sources_of(raw, given), spec_of(raw, "filters"))
    assert [title.split("\n")[1] for title in titles(page)] == [
        "15 of 16 vanish",
        "15 of 16 vanish",
        "1 of 16 vanish",
    ]
    pictures = [axes.get_images()[0].get_array() for axes in page.axes]
    # The largest filter comes first; its weights are eight pixels wide, the gaps four.
    assert tuple(pictures[0][4 + 8 + 1, 4 + 2 * 8 + 1]) == (0, 0, 0)
    assert tuple(pictures[1][5, 5]) == (0.75, 0.75, 0.75)
    assert tuple(pictures[1][4 + 24 + 4 + 3, 5]) == (0.5, 0.5, 0.5)
    assert tuple(pictures[1][1, 1]) == (1, 1, 1)
    texts = legend_texts(page)
    assert texts[-3:] == ["2", "0", "\N{MINUS SIGN}2"]
    assert r"small: $\eta$ = 0.01" in texts
    for axes, run in zip(page.axes, RUNS, strict=True):
        frame = {spine.get_edgecolor() for spine in axes.spines.values()}
        assert frame == {plt.matplotlib.colors.to_rgba(style.RUNS[run][0])}


def test_no_weight_at_all():
    raw, given = raw_config(), {run: 0 * stem for run, stem in stems().items()}
    page = plot(sources_of(raw, given), spec_of(raw, "filters"))
    assert {title.split("\n")[1] for title in titles(page)} == {"16 of 16 vanish"}
    assert (page.axes[0].get_images()[0].get_array()[5, 5] == 0.5).all()


def test_colours_and_what_does_not_fill_a_square():
    levels = np.arange(5 * 3 * 2 * 2).reshape(5, 3, 2, 2) / 60
    picture = filter_panels.mosaic(levels)
    assert picture.shape == (2 * 20 + 4, 3 * 20 + 4, 3)
    # The second filter of the second row: upper left pixel, red, green and blue.
    assert tuple(picture[24, 24]) == tuple(levels[4, :, 0, 0])
    assert tuple(picture[24 + 15, 24 + 15]) == tuple(levels[4, :, 1, 1])
    assert (picture[24:, 44:] == 1).all()


def test_chosen_runs_and_the_start():
    raw, given = raw_config(), stems()
    raw["figures"]["filters"] |= {"runs": ["decay-50", "small"], "initial": True}
    assert [run for _, run, _ in spec_of(raw, "filters")["sources"]["trajectories"]] == [
        "decay-50",
        "small",
    ]
    del given["decay-10"]
    page = plot(sources_of(raw, given), spec_of(raw, "filters"))
    assert [title.split("\n")[0] for title in titles(page)[:3]] == [
        "before training",
        "decay-50",
        "small",
    ]


@pytest.mark.parametrize("diverged", [("decay-50",), RUNS])
def test_a_replicate_0_that_diverged(diverged):
    raw = raw_config()
    page = plot(sources_of(raw, stems(), diverged), spec_of(raw, "filters"))
    for axes, run in zip(page.axes, RUNS, strict=True):
        texts = [text.get_text() for text in axes.texts]
        assert ("replicate 0 diverges\nat epoch 7.5" in texts) == (run in diverged)
    assert render(page, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"experiment": "first"}, "experiment: got 'first', whose problem is sparse_regression; "),
        ({"experiment": "dep"}, "experiment: there is none, got 'dep'; valid: "),
        ({"runs": ["small", "gd"]}, "runs.1: experiments.deep has no such run, got 'gd'; valid: "),
        ({"panels": ["l0"]}, "panels: unknown key"),
    ],
)
def test_mistake_is_one_line(tiny, change, says):
    raw = raw_config()
    raw["experiments"] |= tiny["experiments"]
    raw["figures"]["filters"] |= change
    with pytest.raises(ConfigError) as caught:
        Plan(raw)
    assert str(caught.value).startswith(f"figures.filters.{says}")
    assert "\n" not in str(caught.value)


def test_what_filters_are_made_by(tiny):
    modules = fingerprint.modules_of_stage("figure", spec_of(raw_config(), "filters"))
    for module in ("images.networks.densenet", "images.networks.state", "images.datasets.digits"):
        assert f"sparsestep.{module}" in modules
    assert "sparsestep.images.models.resnet" not in modules
    assert "sparsestep.images.models.densenet" not in fingerprint.modules_of_stage(
        "figure", spec_of(raw_config(), "curves")
    )


def judged(table, iterations=480):
    """Verdicts, as they are read from claims.csv."""
    (entry,) = json.loads(Plan(raw_config()).jobs.spec("claims")(None))["experiments"]
    found = judge({"deep": table}, {"experiments": [{**entry, "iterations": iterations}]})
    return pd.read_csv(io.StringIO(found.to_csv(index=False, na_rep="nan")))


def rows_of(found, claim):
    return found[found["claim"] == claim].set_index("run_b")


def test_verdicts_on_twenty_snapshots():
    found = judged(table_of(replicates=8))
    high, flat = rows_of(found, "stabilises: high"), rows_of(found, "stabilises: flat")
    # Of decay-10 one snapshot lies in the second half of the large steps, at t_d / 2.
    assert high.loc["decay-10", "pairs"] == 8
    assert (flat.loc["decay-10", "pairs"], flat.loc["decay-10", "verdict"]) == (0, "not shown")
    assert flat.loc["decay-50", "pairs"] == 8
    level, error, sparsity = sentences(found)
    few = "not shown for decay-10 (too few snapshots or a loss of 0 there), contradicted for"
    assert f"{few} decay-50 (0.472, " in level
    assert "in the same iterations under small: contradicted for decay-10 (0.749, " in level
    assert error.startswith("test error: from small to decay-50 (medians 34.6 % to 2.69 %) lower")
    assert "lower in 8, equal in 0, higher in 0 of 8 pairs, ratio 0.077" in error
    assert sparsity.startswith(
        "feature sparsity, last block: from small to decay-50 (medians 0.432 "
    )


def test_no_snapshot_in_the_second_half_of_the_large_steps():
    # The decay at 25; snapshots at 0, 12 and 25, the published grid's rounding of 12.5.
    found = judged(table_of(replicates=8, iterations=250), iterations=250)
    row = rows_of(found, "stabilises: high").loc["decay-10"]
    assert (row["pairs"], row["survivors_a"], row["survivors_b"]) == (0, 0, 0)
    assert row["verdict"] == "not shown"
    (level,) = (text for text in sentences(found) if text.startswith("training loss"))
    assert level.count("not shown for decay-10 (too few snapshots") == 2


def test_none_survives_is_no_lack_of_snapshots():
    lost = [("decay-10", replicate) for replicate in range(8)]
    level = sentences(judged(table_of(replicates=8, diverged=lost)))[0]
    assert level.count("not shown for decay-10 (no value)") == 2


@pytest.mark.parametrize("kind", ["training_curves", "end_values", "filters"])
def test_captions_explain_what_is_new(kind):
    text = (ROOT / "workflow" / "report" / f"{kind}.rst").read_text()
    figures = {"f": {"kind": kind, "experiment": "e", "caption": "Mine."}}
    captions = {
        epochs: report.render_caption(
            text, {"figure": "f"}, {"figures": figures, "experiments": {"e": experiment}}
        )
        for epochs, experiment in ((0, {"iterations": 9}), (40, {"epochs": 40}))
    }
    for caption in captions.values():
        assert "Mine." in caption
        assert "system-message" not in caption
    if kind != "filters":
        for new in ("misclassified", "not augmented", "units that are distinct"):
            assert new in captions[40]
            assert new not in captions[0]
        assert "published" in captions[0]
        assert "published" not in captions[40]
    assert ("epoch" in captions[40]) == (kind == "training_curves")


def test_report_counts_epochs():
    raw = raw_config()
    spec = json.loads(Plan(raw).jobs.spec("report")(None))
    images = {name: (".svg", b"<svg/>") for name in raw["figures"]}
    kinds = {figure["kind"] for figure in raw["figures"].values()}
    folder = ROOT / "workflow" / "report"
    captions = {kind: (folder / f"{kind}.rst").read_text() for kind in kinds}
    tables = {"deep": table_of(replicates=8)}
    page = report.build(
        spec,
        summarise(tables),
        images,
        captions,
        (folder / "page.html").read_text(),
        claims=judged(tables["deep"]),
    )
    assert "<h3>Deep, iteration 480 of 480 (40 epochs)</h3>" in page
    assert "(medians 34.6 % to 2.69 %)" in page
    # The table of end values: median (10 %, 90 %) over the replicates.
    assert "<th>test_error [%]</th>" in page
    assert "<td>34.6 (30.5, 38.7)</td>" in page
