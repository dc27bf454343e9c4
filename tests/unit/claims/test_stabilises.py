"""Verdicts on a loss that large steps hold at a high level, or do not."""

from math import comb

import numpy as np
import pandas as pd
import pytest
from claim_tables import RUNS, TWO, T, constant, decay, judged, levels

from sparsestep.claims import plateau
from sparsestep.claims.pairs import larger_before_decay
from sparsestep.claims.words import sentences
from sparsestep.measures import running_loss

LONG = {"long": RUNS["long"]}
AGAINST = {"metric": "train_loss", "against": "small"}


def beside(table, other):
    """The table, and the run `small` with another table's losses."""
    return pd.concat([table, other.assign(run="small")], ignore_index=True)


def flat_of(table, runs=LONG, metric="train_loss"):
    (row,) = judged(table, runs, stabilises=metric).to_dict("records")
    assert row["claim"] == "stabilises: flat"
    return row


def both(table, claim=AGAINST, runs=TWO):
    return judged(table, runs, stabilises=claim).set_index("claim")


@pytest.mark.parametrize(
    ("slope", "verdict"),
    # Over 25 iterations, 10^(25 slope) must lie between 1/2 and 2.
    [
        (0, "holds"),
        (0.01, "holds"),
        (-0.01, "holds"),
        (0.0125, "contradicted"),
        (-0.1, "contradicted"),
    ],
)
def test_flat_is_a_line_that_changes_by_less_than_two(slope, verdict):
    row = flat_of(levels(slope, 1e-6))
    assert row["verdict"] == verdict
    # The fit is exact.
    assert row["effect"] == pytest.approx(10 ** (25 * slope))
    assert row["median_b"] / row["median_a"] == pytest.approx(10 ** (25 * slope))
    assert (row["run_a"], row["run_b"]) == ("long", "long")


@pytest.mark.parametrize(
    ("times", "verdict"),
    [([2.1, 2.2], "holds"), ([1.9, 2.1], "not shown"), ([1.8, 1.9], "contradicted")],
)
def test_high_is_more_than_twice_what_it_is_under_small_steps(times, verdict):
    # Replicates that are equal in all that is measured would count once.
    table = beside(levels(0.0, 1e-6), levels(0.0, 1e-6)).assign(other=lambda t: t["replicate"])
    by_turns = np.array(times)[table["replicate"] % 2]
    table["train_loss"] = np.where(table["run"] == "small", 0.1 / by_turns, 0.1)
    row = both(table).loc["stabilises: high"]
    assert (row["run_a"], row["run_b"], row["verdict"]) == ("small", "long", verdict)
    assert row["effect"] == pytest.approx(np.mean(times))
    assert (row["low"], row["high"]) == pytest.approx(times)
    assert row["median_b"] == pytest.approx(0.1)
    assert (row["phase_a"], row["phase_b"]) == (0, 0.5)


def test_a_run_that_goes_on_learning_is_not_high():
    # By the last snapshot it is far below its level before the decay: what `high` used to ask.
    falling = levels(-0.05, 1e-12)
    assert (
        falling.loc[falling["iteration"] == 98, "train_loss"].max() < falling["train_loss"].median()
    )
    rows = both(beside(falling, falling))
    assert list(rows["verdict"]) == ["contradicted", "contradicted"]
    assert rows.loc["stabilises: high", "effect"] == 1
    # As low as the small steps, which are done.
    assert both(beside(falling, levels(-0.2, 1e-12)))["verdict"]["stabilises: high"] == "holds"


def test_the_plateau_is_compared_within_the_replicate():
    # Levels over four decades; under large steps each is three times its own.
    table = levels(0.0, 1e-6)
    scale = 10.0 ** (table["replicate"] / 2)
    small = table.assign(train_loss=table["train_loss"] * scale)
    large = small.assign(train_loss=small["train_loss"] * np.where(small["iteration"] < 50, 3, 1))
    row = both(beside(large, small)).loc["stabilises: high"]
    assert (row["effect"], row["low"], row["high"]) == pytest.approx((3, 3, 3))
    # Paired wrongly, the ratios are a decade apart.
    mixed = small.assign(replicate=7 - small["replicate"])
    assert both(beside(large, mixed)).loc["stabilises: high", "verdict"] == "not shown"


def test_levels_are_geometric_means_from_half_to_the_decay():
    table = levels(0.0, 1e-6, (0, 24, 25, 30, 50, 90), replicates=1)
    for iteration, value in ((24, 1.0), (25, 4.0), (30, 9.0), (50, 100.0)):
        table.loc[table["iteration"] == iteration, "train_loss"] = value
    assert list(plateau.level(table, "train_loss", 50)) == pytest.approx([6.0])
    table.loc[table["iteration"] == 30, "train_loss"] = 0.0
    assert list(plateau.level(table, "train_loss", 50)) == [0.0]
    table["diverged_at"] = 70
    assert np.isnan(plateau.level(table, "train_loss", 50)).all()


def running(values, snapshots, change=1.0):
    """A table of what `running_loss` measures, the same for eight replicates."""
    rows = [
        ("long", r, t, -1, value, change)
        for r in range(8)
        for t, value in zip(snapshots, values, strict=True)
    ]
    names = ["run", "replicate", "iteration", "diverged_at", "running_loss", "running_change"]
    # Not all the same replicate.
    return pd.DataFrame(rows, columns=names).assign(other=lambda table: table["replicate"])


@pytest.mark.parametrize(
    ("snapshots", "expected"),
    [
        # The last one whose window ends with the loss that the last large step has made.
        ((0, 25, 50, 51, 52), 51),
        ((0, 25, 49, 52), 49),
        ((0, 26, 52), 26),
        # Half of the large steps is not their second half.
        ((0, 25, 52), None),
    ],
)
def test_of_every_iteration_up_to_the_last_snapshot_of_the_large_steps(snapshots, expected):
    table = running([float(t) for t in snapshots], snapshots, change=4.0)
    found = plateau.level(table, "running_loss", 50)
    starts, stops = plateau.line(table, "running_loss", 50)
    if expected is None:
        assert np.isnan([*found, *starts, *stops]).all()
    else:
        assert set(found) == {expected}
        assert list(starts) == pytest.approx([expected / 2] * 8)
        assert list(stops) == pytest.approx([expected * 2] * 8)


def test_what_every_iteration_says_needs_one_snapshot():
    found = both(
        beside(running([0.3], [50], change=1.5), running([0.1], [50], change=0.1)),
        {"metric": "running_loss", "against": "small"},
    )
    assert list(found["verdict"]) == ["holds", "holds"]
    assert list(found["effect"]) == pytest.approx([3.0, 1.5])
    assert flat_of(running([0.3], [50], change=2.5), metric="running_loss")["verdict"] == (
        "contradicted"
    )


def test_every_running_metric_is_one_that_is_measured():
    measured = running_loss.columns(running_loss.Spec())
    assert [*plateau.RUNNING, *plateau.RUNNING.values()] == measured


def test_the_running_log_sees_a_plateau_that_a_few_snapshots_do_not():
    """Noise of half a decade an iteration, around a plateau and around a fall by ten."""
    generator, count, decay_at = np.random.default_rng(0), 4000, 2000
    snapshots = np.arange(0, count, 200)
    for slope, verdict in ((0.0, "holds"), (-1 / 1000, "contradicted")):
        t = np.arange(count)
        losses = 10 ** (slope * t + generator.normal(0, 0.5, (16, count)))
        logs = [running_at(losses, s) for s in snapshots]
        table = pd.DataFrame(
            [
                ("long", r, s, -1, losses[r, s], *(part[r] for part in logs[column]))
                for r in range(16)
                for column, s in enumerate(snapshots)
            ],
            columns=[
                *("run", "replicate", "iteration", "diverged_at"),
                *("train_loss", "running_loss", "running_change"),
            ],
        )
        effects = {}
        for metric in ("train_loss", "running_loss"):
            starts, stops = plateau.line(table, metric, decay_at)
            effects[metric] = (stops / starts).to_numpy()
        assert plateau.FLAT.judge(effects["running_loss"])["verdict"] == verdict
        spread = {name: np.std(np.log10(values)) for name, values in effects.items()}
        assert spread["running_loss"] < 0.2 * spread["train_loss"]


def running_at(losses, t):
    """What `running_loss` measures at t, by `np.polyfit`."""
    start = -(-t // 2)
    if t - start < 3:
        return np.full(len(losses), np.nan), np.full(len(losses), np.nan)
    logs = np.log10(losses[:, start:t])
    slopes = np.polyfit(np.arange(start, t), logs.T, 1)[0]
    return 10 ** logs.mean(axis=1), 10 ** (slopes * t / 2)


@pytest.mark.parametrize(("last", "inside"), [(50, 2), (51, 2), (52, 1)])
def test_means_until_the_next_snapshot_do_not_reach_beyond_the_decay(last, inside):
    table = levels(0.0, 1e-6, (25, 40, last, 90), replicates=1)
    table = table.rename(columns={"train_loss": "batch_loss"})
    table["batch_loss"] = table["iteration"].map({25: 4.0, 40: 9.0, last: 1e6, 90: 1.0})
    level = plateau.level(table, "batch_loss", 50)
    assert list(level) == pytest.approx([6.0 if inside == 2 else 4.0])


def test_what_diverges_does_not_stabilise():
    table = levels(0.0, 1e-6, replicates=13)
    table.loc[table["replicate"] < 3, "diverged_at"] = 60
    rows = both(beside(table, levels(-0.1, 1e-6, replicates=13)))
    assert list(rows["verdict"]) == ["holds", "holds"]
    assert (list(rows["lost"]), list(rows["pairs"])) == ([3, 3], [10, 10])
    assert list(rows["verdict_lost_against"]) == ["not shown", "not shown"]
    # Of 13, three on the wrong side: 2 P(Bin(13, 1/2) <= 3).
    p = 2 * sum(comb(13, k) for k in range(4)) / 2**13
    assert list(rows["p_lost_against"]) == pytest.approx([p, p])
    table["diverged_at"] = 60
    rows = both(beside(table, levels(-0.1, 1e-6, replicates=13)))
    assert list(rows["verdict_lost_against"]) == ["contradicted", "contradicted"]
    assert list(rows["pairs"]) == [0, 0]


def test_what_diverges_under_small_steps_is_compared_with_nothing():
    small = levels(-0.1, 1e-6)
    small.loc[small["replicate"] < 2, "diverged_at"] = 60
    rows = both(beside(levels(0.0, 1e-6), small))
    assert list(rows["pairs"]) == [6, 8]
    assert list(rows["lost"]) == [0, 0]


def test_an_infinite_ratio_is_as_high_as_can_be():
    rows = both(beside(levels(0.0, 1e-6), levels(0.0, 0.0).assign(train_loss=0.0)))
    assert rows.loc["stabilises: high", "verdict"] == "holds"
    assert rows.loc["stabilises: high", "effect"] == np.inf


def test_nothing_is_lost_where_there_are_too_few_snapshots():
    table = levels(0.0, 1e-6, (0, 30, 40, 90), replicates=13)
    table.loc[table["replicate"] < 8, "diverged_at"] = 60
    rows = both(beside(table, levels(-0.1, 1e-6, (0, 30, 40, 90), replicates=13)))
    flat = rows.loc["stabilises: flat"]
    assert (flat["pairs"], flat["lost"], flat["verdict_lost_against"]) == (0, 0, "not shown")
    assert rows.loc["stabilises: high", "lost"] == 8


def test_no_line_through_two_snapshots_or_zeros():
    assert flat_of(levels(0.0, 1e-6, (0, 30, 40, 90)))["verdict"] == "not shown"
    table = levels(0.0, 1e-6)
    table.loc[table["iteration"] == 40, "train_loss"] = 0.0
    assert (flat_of(table)["verdict"], flat_of(table)["pairs"]) == ("not shown", 0)
    (text,) = sentences(judged(table, LONG, stabilises="train_loss"))
    assert "not shown for long (too few snapshots or a loss of 0 there)" in text


def test_a_line_through_three_snapshots():
    row = flat_of(levels(0.01, 1e-6, (0, 25, 30, 40, 90)))
    assert (row["pairs"], row["effect"]) == (8, pytest.approx(10**0.25))


def test_only_larger_steps_that_decay_are_expected_to_be_high():
    of_edge = {"kind": "constant", "step_size": {"of_edge": 0.5}}
    runs = {
        "small": constant(0.1),
        "large": decay(0.2, 0.5),
        "equal": decay(0.1, 0.5),
        "never": constant(5.0),
        "other": decay(0.2, 0.5, otherwise="gd"),
        "relative": {"schedule": of_edge, "otherwise": "sgd"},
        # Not larger before the second half of its large steps.
        "growing": {
            "schedule": {
                **{"kind": "plateau", "step_size": 0.25, "warm_up": 0.2},
                **{"decay_at": 0.4, "divide_by": 2},
            },
            "otherwise": "sgd",
        },
    }
    assert larger_before_decay(runs, "small", T) == ["large", "growing"]
    runs["growing"]["schedule"]["step_size"] = 0.1
    assert larger_before_decay(runs, "small", T) == ["large"]
    # One that has decayed takes its small steps.
    assert larger_before_decay({"a": decay(1.0, 0.1), "b": decay(1.0, 0.5)}, "a", T) == ["b"]


def test_sentences_say_against_what():
    found = judged(beside(levels(0.0, 1e-6), levels(-0.1, 1e-6)), TWO, stabilises=AGAINST)
    (text,) = sentences(found)
    assert (
        "in the second half of the large steps: holds for long (1, 1 to 1); that it is there"
        in text
    )
    assert "more than twice what it is in the same iterations under small: holds for long (" in text
    (alone,) = sentences(judged(levels(0.0, 1e-6), LONG, stabilises="train_loss"))
    assert "more than twice" not in alone


def test_what_comes_behind_the_last_snapshot_is_not_known_to_be_of_the_large_steps():
    # Its mean is over all batches that follow, those after the decay too.
    table = levels(0.0, 1e-6, (25, 40), replicates=1)
    table = table.rename(columns={"train_loss": "batch_loss"})
    table["batch_loss"] = table["iteration"].map({25: 4.0, 40: 9.0})
    assert list(plateau.level(table, "batch_loss", 50)) == pytest.approx([4.0])
