"""Panels of label noise against the Lasso, on a table whose numbers tell runs and times apart."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_tables import assert_drawn
from matplotlib import colormaps

from sparsestep.figures.draw import lasso_profile

# Neither in the order of levels, nor the step size of most runs first.
RUNS = {"c": (0.2, 0.4), "b": (0.1, 0.4), "y": (0.1, 0.04)}
# With one in the middle of the iterations, which is not in their later half.
TIMES = np.array([0, 10, 20, 25, 30, 40, 50])
REPLICATES = (2, 3, 5)


def rows():
    for place, (run, (_, level)) in enumerate(RUNS.items()):
        for r in REPLICATES:
            for t in TIMES:
                scale = (1 + place) * r
                last = t == TIMES[-1]
                yield {
                    **{"run": run, "replicate": r, "iteration": t, "noise_level": level},
                    # Where it begins; in a table with all values, as before it was read.
                    "diverged_at": 0 if (run, r) == ("b", 5) else -1,
                    "lasso_distance": scale * (1 + t),
                    "support_distance": level**0.5 * r * (1 + t),
                    "support_precision": 0.1 * r * level * (t + 10) / 60,
                    "support_recall": 0.15 * r * level * (t + 10) / 60,
                    "log_off_lasso_support": -scale * t * (1 if t < 25 else 2) * np.log(10) / 2,
                    # Of the last snapshots alone.
                    "mean_lasso_distance": scale if last else np.nan,
                    "mean_lasso_penalty": 2.0 * scale if last else np.nan,
                    "predicted_fluctuation": 3.0 * scale,
                    "predicted_penalty": 4.0 * scale,
                    "predicted_precision": 0.01 * scale**2,
                    "predicted_recall": 0.02 * scale**2,
                    "predicted_support_distance": 5.0 * scale,
                    "predicted_decay": 0.5 * scale,
                }


@pytest.fixture
def profile():
    sizes = {run: SimpleNamespace(schedule=SimpleNamespace(step_size=RUNS[run][0])) for run in RUNS}
    return lasso_profile.Profile(pd.DataFrame(rows()), SimpleNamespace(runs=sizes))


@pytest.fixture
def axes():
    yield plt.figure().subplots()
    plt.close("all")


# Of the step size that most runs have, by level: y, with all replicates, and b, without the last.
AT = [0.04, 0.4]
ALIVE = {"y": REPLICATES, "b": REPLICATES[:2], "c": REPLICATES}
SCALE = {"c": 1, "b": 2, "y": 3}


def over(run, of):
    return [of(SCALE[run] * r) for r in ALIVE[run]]


def test_means_are_over_the_later_half_and_exponents_of_those_that_survive_everywhere(profile):
    # Iterations behind 25.
    late = 1 + np.array([30, 40, 50])
    found = profile.over_time("lasso_distance")
    assert set(found.index) == {(run, r) for run, of in ALIVE.items() for r in of}
    assert found["y", 5] == pytest.approx(15 * late.mean())
    assert profile.step_sizes == [0.1, 0.2]
    root = profile.over_time("support_distance", 2)
    assert root["b", 3] == pytest.approx(0.4**0.5 * 3 * np.sqrt((late**2.0).mean()))
    np.testing.assert_allclose(profile.exponents(), [0.5, 0.5])
    # A slope through the later half of the points; two are enough.
    np.testing.assert_allclose(profile.decay_rates()["y", 2], 6 * np.log(10))
    short = pd.Series([0, 1, 2]), pd.Series([9.0, 1.0, 4.0])
    assert lasso_profile.slope(*short) == pytest.approx(3)
    assert np.isnan(lasso_profile.slope(*(of[:1] for of in short)))
    assert len(profile.exponents()) == 2


def test_the_root_is_of_the_mean_square(profile):
    later = profile.later.copy()
    # As far on average at the smaller level as at the larger one, but at one time alone.
    at_once = np.where(later["iteration"] == 30, 3.0, 0.0)
    profile.later = later.assign(support_distance=np.where(later["run"] == "b", 1.0, at_once))
    np.testing.assert_allclose(profile.exponents(), -0.5 * np.log(3) / np.log(10))


def test_distances_with_what_is_predicted_of_the_snapshots_and_of_their_mean(axes, profile):
    lasso_profile.draw_distance(axes, profile)
    late = np.mean(1 + np.array([30, 40, 50]))
    both = [np.median(over(run, lambda s: s * late)) for run in ("y", "b")]
    of_mean = [np.median(over(run, float)) for run in ("y", "b")]
    assert_drawn(axes, AT, both)
    assert_drawn(axes, AT, of_mean)
    # Open marks and dashes are the mean's.
    looks = {
        (line.get_linestyle(), line.get_markerfacecolor() == "white", len(line.get_xdata()))
        for line in axes.lines
        if list(line.get_ydata()) == of_mean
    }
    assert looks == {("--", False, 2), ("None", True, 2)}
    # The prediction at a level is that of the first run there; its error falls with three.
    predicted = [3 * np.median(over(run, float)) for run in ("y", "b")]
    assert_drawn(axes, AT, predicted)
    assert_drawn(axes, AT, np.array(predicted) / np.sqrt(3))


def test_precision_is_open_and_recall_filled_and_both_are_means(axes, profile):
    lasso_profile.draw_recovery(axes, profile)
    share = np.mean(np.array([40, 50, 60]) / 60)
    for factor, is_open in ((0.1, True), (0.15, False)):
        means = [
            np.mean([factor * r * level * share for r in ALIVE[run]])
            for run, level in (("y", 0.04), ("b", 0.4))
        ]
        (line,) = (of for of in axes.lines if np.allclose(of.get_ydata()[:2], means, atol=0))
        assert (line.get_markerfacecolor() == "white") == is_open
    for factor in (0.01, 0.02):
        # Of the replicate that b has lost, the other run at that level says it.
        squares = [over("y", lambda s: s**2), [*over("b", lambda s: s**2), 5**2]]
        assert_drawn(axes, AT, [factor * np.mean(of) for of in squares])
    # Named at the smallest level.
    told = [(text.get_text(), text.xy[0]) for text in axes.texts]
    assert told == [("precision", 0.04), ("recall", 0.04)]
    assert axes.get_ylim()[1] == 1.02


def test_decays_are_of_the_first_replicate_by_level_down_to_what_is_shown(axes, profile):
    lasso_profile.draw_decay(axes, profile)
    drawn, predicted = axes.lines[::2], axes.lines[1::2]
    assert [line.get_label() for line in drawn] == ["0.04", "0.4"]
    shades = [colormaps["viridis"](at) for at in (0.0, 0.85)]
    assert [line.get_color() for line in drawn] == shades
    for line, along, run in zip(drawn, predicted, ("y", "b"), strict=True):
        logs = -SCALE[run] * 2 * TIMES * np.where(TIMES < 25, 1, 2) / 2
        np.testing.assert_allclose(line.get_ydata(), logs)
        # Those at 0 and 10 of y are above 1e-40, of b also that at 20, which ends there.
        seen = logs >= -40
        assert seen.sum() == {"y": 2, "b": 3}[run]
        np.testing.assert_array_equal(along.get_xdata(), TIMES[seen])
        middle = seen.sum() // 2
        rate = 0.5 * SCALE[run] * 2 / np.log(10)
        expected = logs[seen][middle] - rate * (TIMES[seen] - TIMES[middle])
        np.testing.assert_allclose(along.get_ydata(), expected)
    assert axes.get_ylim() == (-40, 0)
    assert axes.get_xlim() == (0, 70)


def test_rates_are_compared_with_one_and_distances_with_the_prediction(axes, profile):
    lasso_profile.draw_rates(axes, profile)
    ratio = 2 * np.log(10)
    assert_drawn(axes, AT, [ratio, ratio])
    # Of c's only step size at its level.
    assert_drawn(axes, [0.4], [ratio])
    assert_drawn(axes, AT, [1, 1])
    axes.clear()
    lasso_profile.draw_on_support(axes, profile)
    predicted = [5 * np.median(over(run, float)) for run in ("y", "b")]
    assert_drawn(axes, AT, predicted)
    axes.clear()
    lasso_profile.draw_penalty(axes, profile)
    for factor in (2.0, 4.0):
        expected = [factor * np.median(over(run, float)) for run in ("y", "b")]
        assert_drawn(axes, AT, expected)


def test_legends_count_replicates_of_a_step_size_and_name_its_look(profile):
    labels = [(of.get_label(), of.get_marker()) for of in lasso_profile.run_handles(profile)]
    assert labels == [
        (r"$\eta$ = 0.1 (1 of 6 diverged)", "o"),
        (r"$\eta$ = 0.2 (0 of 3 diverged)", "s"),
    ]
    marks = {of.get_label(): of for of in lasso_profile.mark_handles(profile)}
    assert "statistical error of a mean of 3 snapshots (a)" in marks
    assert marks["precision (c)"].get_markerfacecolor() == "white"
    assert marks["of the snapshots: median; recall (c)"].get_markerfacecolor() != "white"
    assert lasso_profile.fit_handles(profile)[0].get_label() == (
        r"(f), $\eta$ = 0.1: $(\eta\delta)^a$, a = 0.500 [0.500, 0.500]"
    )
    assert lasso_profile._interval(np.arange(11.0)) == "5.000 [1.000, 9.000]"
    assert lasso_profile._interval(np.array([np.nan])) == "none"
