"""Which runs are compared, and claims that cannot be."""

import json

import pytest
from claim_tables import EIGHT, RUNS, T, constant, decay, judged, table_of
from figure_tables import tables_and_specs

from sparsestep import config
from sparsestep.claims.pairs import comparisons, large_steps, larger_before_decay, over_the_edge
from sparsestep.claims.verdicts import judge
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan


def test_what_is_compared():
    runs = {
        **RUNS,
        "larger": decay(2.0, 0.5),
        "smaller": decay(0.5, 0.5),
        "gd": decay(1.0, 0.7, otherwise="gd"),
        "relative": decay({"of_edge": 5.0}, 0.9),
        "never decays": constant(1.0),
    }
    assert comparisons(runs, T) == [
        ("small", "short"),
        # It does not decay, and so has no large-step phase; `long` does not take larger steps.
        ("never decays", "larger"),
        ("small", "larger"),
        ("small", "long"),
        ("small", "smaller"),
        # Not with `larger`: `long` takes the same large steps.
        ("short", "long"),
    ]


def test_larger_steps_where_no_run_takes_the_same():
    runs = {"short": decay(1.0, 0.2), "long": decay(2.0, 0.5)}
    assert comparisons(runs, T) == [("short", "long")]


def test_large_steps_end_with_the_first_decay():
    schedule = {"kind": "exponential_warmup", "step_size": 0.1, "decay_at": 0.3, "again_at": 0.9}
    assert large_steps({"schedule": schedule}, 1000) == 300


def test_length_of_the_large_steps(published):
    lengths = {
        name: large_steps({"schedule": run.schedule.model_dump(mode="json")}, 100001)
        for name, run in published.config.experiments["diagonal"].runs.items()
    }
    assert lengths == {"small": 0, "decay-10": 10001, "decay-30": 30001, "decay-50": 50001}


def test_published_experiments_compare_small_with_all(published):
    entries = json.loads(published.jobs.spec("claims")(None))["experiments"]
    compared = 0
    for entry in entries:
        if "small" in entry["runs"]:
            longer = set(entry["runs"]) - {"small"}
            pairs = comparisons(entry["runs"], entry["iterations"])
            against = {b for a, b in pairs if a == "small"}
            assert against == longer, entry["name"]
            compared += 1
    assert compared > 3


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        (
            {"sparser": ["jacobian_rnk"]},
            r"sparser\.0: not measured there, .*did you mean 'jacobian_rank'",
        ),
        (
            {"stabilises": "trainloss"},
            r"stabilises: not measured there, .*did you mean 'train_loss'",
        ),
        (
            {"stabilises": {"metric": "train_loss", "against": "smal"}},
            r"stabilises\.against: there is no such run with a schedule of its own, got 'smal'; "
            r"valid: small, decay-50 \(did you mean 'small'",
        ),
        ({"stabilises": {"against": "small"}}, r"stabilises\.metric: missing"),
        ({"stabilises": {"metric": "train_loss", "run": "a"}}, r"stabilises\.run: unknown key"),
        ({"stabilises": 3}, r"stabilises: got 3; must be a block; valid keys: against, metric"),
        ({"trend": ["l1"]}, r"trend\.0: not measured there, got 'l1'; valid: "),
        ({"sparsr": []}, r"sparsr: unknown key.*did you mean 'sparser'"),
        ({"better": "test_loss"}, r"better: got 'test_loss'; input should be a valid list"),
        (
            "sparser",
            r"claims: got 'sparser'; must be a block; valid keys: agrees, better, fits, sparser",
        ),
    ],
)
def test_claims_that_cannot_be(tiny, claims, says):
    tiny["experiments"]["first"]["claims"] = claims
    with pytest.raises(ConfigError, match=says) as caught:
        config.load(tiny)
    assert str(caught.value).startswith("experiments.first.claims")
    assert "\n" not in str(caught.value)


def test_runs_that_follow_another_take_no_part(tiny):
    first = tiny["experiments"]["first"]
    first["runs"]["decay-50"]["algorithm"] = {"kind": "sgd", "log_loss": True}
    first["runs"]["sde"] = {"algorithm": {"kind": "sde", "of": "decay-50", "noise": "none"}}
    (entry,) = json.loads(Plan(tiny).jobs.spec("claims")(None))["experiments"]
    assert set(entry["runs"]) == {"small", "decay-50"}
    found = judge(tables_and_specs(tiny)[0], {"experiments": [entry]})
    # That one of them keeps its losses makes no other run of it.
    assert set(found["run_a"]) | set(found["run_b"]) == {"small", "decay-50"}


def test_runs_that_cannot_be_compared_have_no_row(tiny):
    tiny["experiments"]["first"]["runs"]["small"]["schedule"]["step_size"] = 50.0
    config.load(tiny)
    table = table_of({"small": EIGHT, "large": EIGHT})
    assert judged(table, {"small": constant(1.0), "large": constant(2.0)}, better=["l0"]).empty


def of_edge(fraction, at=0.5, **others):
    return decay({"of_edge": fraction}, at, **others)


def test_the_group_of_fractions_is_the_longest_then_the_largest():
    early = {f"early-{n}": of_edge(n / 10, at=0.2) for n in range(1, 6)}
    late = {f"late-{n}": of_edge(n / 10) for n in (9, 5, 7)}
    more = {f"more-{n}": of_edge(n / 10, otherwise="gd") for n in (3, 5, 7, 9)}
    assert list(over_the_edge(early, T)) == list(early)
    # Sorted by their fractions, whatever the order of the runs.
    assert over_the_edge(early | late, T) == {"late-5": 0.5, "late-7": 0.7, "late-9": 0.9}
    assert list(over_the_edge(early | late, T)) == ["late-5", "late-7", "late-9"]
    assert list(over_the_edge(early | late | more, T)) == list(more)
    # Three runs at two fractions are two fractions.
    twice = {"a": of_edge(0.5), "b": of_edge(0.5), "c": of_edge(0.9)}
    assert over_the_edge(twice, T) == {}
    assert over_the_edge({**twice, "d": of_edge(0.7)}, T) == {
        "a": 0.5,
        "b": 0.5,
        "d": 0.7,
        "c": 0.9,
    }


def test_larger_before_the_decay_is_larger_at_every_iteration_of_its_second_half():
    warming = decay(1.0, 0.5)
    runs = {
        "small": constant(0.1),
        "same": decay(0.1, 0.5),
        "larger": decay(0.2, 0.5),
        "gd": decay(0.2, 0.5, otherwise="gd"),
        "relative": of_edge(0.9),
        "never decays": constant(0.3),
    }
    assert larger_before_decay(runs, "small", T) == ["larger"]
    assert larger_before_decay({**runs, "large": warming}, "larger", T) == ["large"]
    # `larger` takes larger steps than `same` until both decay.
    assert larger_before_decay(runs, "same", T) == ["larger"]
    # Steps that fall below in the second half are not larger there.
    late = {"kind": "step_decay", "step_size": 0.2, "decay_at": 0.3, "divide_by": 4}
    other = {"schedule": {**late, "boundary": "excluded"}, "otherwise": "sgd"}
    halves = {"early": other, "later": decay(0.15, 0.5)}
    assert larger_before_decay(halves, "early", T) == []
    assert larger_before_decay(halves, "later", T) == ["early"]


def test_nothing_is_compared_with_what_is_trained_for_longer():
    further, later = constant(0.1) | {"iterations": 3 * T}, decay(1.0, 0.2, iterations=3 * T)
    assert (large_steps(later, T), large_steps(decay(1.0, 0.2), T)) == (60, 20)
    assert comparisons({**RUNS, "further": further, "later": later}, T) == [
        ("further", "short"),
        ("small", "short"),
        ("further", "long"),
        ("small", "long"),
        # `small` ends before, as `short` and `long` do.
        ("further", "later"),
        ("short", "long"),
    ]


def test_larger_before_the_decay_than_what_is_still_trained():
    runs = {
        "small": constant(0.1),
        "further": constant(0.1) | {"iterations": 2 * T},
        "later": decay(1.0, 0.6, iterations=2 * T),
        "long": decay(1.0, 0.5),
    }
    assert larger_before_decay(runs, "small", T) == ["long"]
    assert larger_before_decay(runs, "further", T) == ["later", "long"]
    # To the last iteration.
    runs["later"]["schedule"]["decay_at"] = 0.5
    assert larger_before_decay(runs, "small", T) == ["later", "long"]


def test_a_trend_is_over_runs_that_are_as_long():
    runs = {f"at-{n}": of_edge(n / 10) for n in (3, 5, 7)}
    assert list(over_the_edge(runs, T)) == list(runs)
    runs["at-7"]["iterations"] = 2 * T
    assert over_the_edge(runs, T) == {}


@pytest.mark.parametrize(("begins", "found"), [(0.26, ["warming"]), (0.27, [])])
def test_of_an_odd_number_of_large_steps_the_middle_one_is_in_neither_half(begins, found):
    """Smaller than the others in the first half, which says nothing; larger in the second one."""
    pieces = [[0, 0.05], [begins, 0.3], [0.51, 0.01]]
    warming = {
        "schedule": {"kind": "piecewise", "step_size": 1.0, "pieces": pieces},
        "otherwise": "sgd",
    }
    assert large_steps(warming, T) == 51
    runs = {"small": constant(0.1), "warming": warming}
    assert larger_before_decay(runs, "small", T) == found
