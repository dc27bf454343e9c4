"""Claims of which nothing can come are told before anything runs, and in the report."""

import json

import pytest

from sparsestep.claims import statistics
from sparsestep.plan import Plan, remarks

CONSTANT = {
    f"eta-{number}": {"schedule": {"kind": "constant", "step_size": number / 100}}
    for number in (1, 2, 3)
}


def of_first(tiny, **change):
    tiny["experiments"]["first"] |= {"replicates": 6, **change}
    return Plan(tiny).report.remarks()


def test_as_many_as_the_verdicts_ask_for():
    assert remarks.FEWEST == statistics.FEWEST


@pytest.mark.parametrize(("replicates", "told"), [(1, True), (5, True), (6, False)])
def test_fewer_replicates_than_a_verdict_takes(tiny, replicates, told):
    found = of_first(tiny, replicates=replicates)
    assert len(found) == told
    start = f"experiments.first.claims: {replicates} replicate"
    assert all(line.startswith(start) and "fewer than 6 pairs" in line for line in found)


def test_constant_step_sizes_alone_compare_nothing(tiny):
    found = of_first(tiny, runs=CONSTANT)
    assert found == [
        "experiments.first.claims: stabilises: there is no run whose step size decays; there will "
        "be no verdict",
        "experiments.first.claims: sparser: there is no pair to compare, a run with another whose "
        "large steps last longer before they decay; there will be no verdict",
    ]


def test_a_level_without_a_decay_is_told_once(tiny):
    claims = {"stabilises": {"metric": "train_loss", "against": "eta-1"}}
    (line,) = of_first(tiny, runs=CONSTANT, claims=claims)
    assert "stabilises: there is no run whose step size decays" in line


def test_durations_that_differ_with_smaller_steps_compare_nothing(tiny):
    decay = {"kind": "step_decay", "step_size": 0.01, "decay_at": 0.5, "divide_by": 2}
    constant = {"kind": "constant", "step_size": 0.02}
    runs = {"small": {"schedule": decay}, "large": {"schedule": constant}}
    (line,) = of_first(tiny, runs=runs, claims={"better": ["test_loss"], "sparser": ["l0"]})
    assert line.startswith("experiments.first.claims: better and sparser: there is no pair")


def test_runs_of_fewer_iterations_are_compared_with_nothing_longer(tiny):
    runs = tiny["experiments"]["first"]["runs"]
    runs["small"]["iterations"] = 20
    claims = {"stabilises": {"metric": "train_loss", "against": "small"}, "better": ["test_loss"]}
    assert of_first(tiny, claims=claims) == [
        "experiments.first.claims: stabilises: no run has larger steps than small before it decays "
        "within the iterations of small; there will be no verdict",
        "experiments.first.claims: better: there is no pair to compare, a run with another whose "
        "large steps last longer before they decay, and which has no more iterations; there will "
        "be no verdict",
    ]
    runs["small"]["iterations"] = 180
    assert of_first(tiny, claims=claims) == []


def test_nothing_larger_than_small_steps_and_no_fractions_of_the_edge(tiny):
    claims = {"stabilises": {"metric": "train_loss", "against": "decay-50"}, "trend": ["l0"]}
    assert of_first(tiny, claims=claims) == [
        "experiments.first.claims: stabilises: no run has larger steps than decay-50 before it "
        "decays; there will be no verdict",
        "experiments.first.claims: trend: there are no 3 runs that differ in their fraction of the "
        "edge alone; there will be no verdict",
    ]
    claims["stabilises"]["against"] = "small"
    del claims["trend"]
    assert of_first(tiny, claims=claims) == []


def test_nothing_is_said_where_nothing_is_claimed_or_all_is_well(tiny, published):
    assert published.report.remarks() == []
    assert of_first(tiny, replicates=1, claims={}) == []


def test_the_report_says_it_and_is_made_as_before_where_there_is_nothing_to_say(tiny):
    tiny["experiments"]["first"]["replicates"] = 6
    assert "remarks" not in json.loads(Plan(tiny).jobs.spec("report")(None))
    tiny["experiments"]["first"]["replicates"] = 5
    plan = Plan(tiny)
    assert json.loads(plan.jobs.spec("report")(None))["remarks"] == plan.report.remarks()


def test_each_line_names_what_is_asked_for_alone(tiny):
    # One replicate, in the singular, and none of what has no remark.
    (line,) = of_first(tiny, replicates=1, claims={"sparser": ["l0"]})
    assert line == (
        "experiments.first.claims: 1 replicate makes fewer than 6 pairs; every verdict will be "
        "`not shown`"
    )
    (line,) = of_first(tiny, runs=CONSTANT, claims={"better": ["test_loss"]})
    assert line.startswith("experiments.first.claims: better: there is no pair")


def test_of_very_many_runs_durations_alone_are_compared(tiny, monkeypatch):
    decay = {"kind": "step_decay", "step_size": 0.01, "decay_at": 0.5, "divide_by": 2}
    constant = {"kind": "constant", "step_size": 0.02}
    runs = {"small": {"schedule": decay}, "large": {"schedule": constant}}
    claims = {"better": ["test_loss"]}
    for most, told in ((2, 1), (1, 0)):
        monkeypatch.setattr(remarks, "_MANY", most)
        assert len(of_first(tiny, runs=runs, claims=claims)) == told
