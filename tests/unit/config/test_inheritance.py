"""Experiments that start from others, and runs that start from their experiment's defaults."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsestep import config
from sparsestep.config.inheritance import merge, write_out
from sparsestep.errors import ConfigError
from sparsestep.mistakes import Mistakes
from sparsestep.plan import Plan


@pytest.fixture
def family(tiny):
    """The tiny experiment, and a second one that is like it."""
    tiny["experiments"]["second"] = {"like": "first"}
    return tiny


def second(raw):
    return config.load(raw).experiments["second"]


def test_a_block_goes_over_another_key_by_key():
    base = {"kind": "a", "x": 1, "inner": {"y": 2, "z": [1, 2]}}
    assert merge(base, {"x": 3, "inner": {"z": [4]}}) == {
        "kind": "a",
        "x": 3,
        "inner": {"y": 2, "z": [4]},
    }
    assert merge(base, {"kind": "b", "x": 3}) == {"kind": "b", "x": 3}
    assert merge(base, {"kind": "a", "x": 3}) == {**base, "x": 3}
    assert merge(base, 5) == 5


def test_an_experiment_like_another_is_that_one_but_for_its_title(family):
    first = config.load(family).experiments["first"]
    assert second(family) == first.model_copy(update={"title": ""})
    assert "like" not in second(family).model_dump(mode="json")


def test_an_experiment_says_what_differs(family):
    family["experiments"]["second"] |= {"replicates": 2, "problem": {"n_train": 5}}
    first = config.load(family).experiments["first"]
    assert second(family).replicates == 2
    assert second(family).problem == first.problem.model_copy(update={"n_train": 5})
    assert second(family).runs == first.runs


@pytest.mark.parametrize("key", ["runs", "measure", "claims"])
def test_runs_measurements_and_claims_are_replaced_as_wholes(family, key):
    values = {
        "runs": {"other": {"schedule": {"kind": "constant", "step_size": 0.02}}},
        "measure": {"losses": None, "sparse_recovery": None, "jacobian_rank": {"threshold": 1e-3}},
        "claims": {"better": ["test_loss"]},
    }
    family["experiments"]["second"][key] = values[key]
    found = second(family).model_dump(mode="json")
    if key == "runs":
        assert list(found["runs"]) == ["other"]
    elif key == "measure":
        assert list(found["measure"]) == list(values["measure"])
    else:
        assert found["claims"] == {"stabilises": None, "better": ["test_loss"], "sparser": []}


def test_chains_in_any_order(tiny):
    experiments = tiny["experiments"]
    chained = {
        "third": {"like": "second", "iterations": 50},
        "second": {"like": "first", "replicates": 2},
        **experiments,
    }
    found = config.load({**tiny, "experiments": chained}).experiments
    assert (found["third"].replicates, found["third"].iterations) == (2, 50)
    assert (found["second"].replicates, found["second"].iterations) == (2, 60)


def test_runs_refine_the_defaults_of_their_experiment(tiny):
    first = tiny["experiments"]["first"]
    before = Plan(copy.deepcopy(tiny))
    first["schedule"] = {"kind": "step_decay", "step_size": 0.05, "divide_by": 2.0}
    first["algorithm"] = {"kind": "sgd"}
    first["runs"] = {
        "small": {"schedule": {"kind": "constant", "step_size": 0.01}},
        "decay-50": {"schedule": {"decay_at": 0.5}},
    }
    after = Plan(tiny)
    for run in ("small", "decay-50"):
        assert after.experiments.run("first", run) == before.experiments.run("first", run)
    first["schedule"]["decay_at"] = 0.5
    first["runs"]["decay-50"] = None
    assert Plan(tiny).experiments.run("first", "decay-50") == before.experiments.run(
        "first", "decay-50"
    )


def test_a_run_that_follows_another_takes_no_schedule(tiny):
    first = tiny["experiments"]["first"]
    first["algorithm"] = {"kind": "sgd", "log_loss": True}
    first["schedule"] = {"kind": "constant", "step_size": 0.01}
    first["runs"] = {"sgd": None, "sde": {"algorithm": {"kind": "sde", "of": "sgd"}}}
    runs = config.load(tiny).experiments["first"].runs
    assert runs["sgd"].algorithm.log_loss
    assert runs["sde"].schedule is None
    assert runs["sde"].algorithm.kind == "sde"


MISTAKES = [
    ({"like": "fist"}, r"experiments\.second\.like: .*got 'fist'; .*did you mean 'first'\?"),
    ({"like": "second"}, r"experiments\.second\.like: there is no other experiment"),
    ({"like": 3}, r"experiments\.second\.like: got 3; must be the name"),
    ({"like": "first", "schedule": 3}, r"experiments\.second\.schedule: got 3; must be a block"),
    (
        {"like": "first", "schedule": {"kind": "plateau"}},
        r"experiments\.second\.schedule: no run takes it",
    ),
    ({"like": "first", "lik": 1}, r"experiments\.second\.lik: unknown key.*valid: .*like"),
    (
        {"like": "first", "problem": {"n_train": -1}},
        r"experiments\.second\.problem\.n_train: got -1",
    ),
]


@pytest.mark.parametrize(("block", "says"), MISTAKES)
def test_mistake_is_one_line(tiny, block, says):
    tiny["experiments"]["second"] = block
    with pytest.raises(ConfigError, match=rf"^{says}") as caught:
        config.load(tiny)
    assert "\n" not in str(caught.value)


INHERITED = [
    # In a run, in a default of its experiment, in a block: said once, where it stands.
    (
        {"runs": {"small": {"schedule": {"kind": "constant", "step_size": -1}}}},
        "runs.small.schedule.step_size: got -1",
    ),
    (
        {"schedule": {"kind": "step_decay", "step_size": 0.1, "divid_by": 2}},
        "schedule.divid_by: unknown key",
    ),
    ({"schedule": {"kind": "step_deca"}}, "schedule.kind: unknown schedule"),
    ({"algorithm": {"kind": "sgdd"}}, "algorithm.kind: unknown algorithm"),
    ({"problem": {"kind": "sparse_regression", "n_train": -1}}, "problem.n_train: got -1"),
    ({"measure": {"losses": {"x": 1}}}, "measure.losses.x: unknown key"),
]


@pytest.mark.parametrize(("block", "says"), INHERITED)
def test_mistake_that_is_inherited_is_said_once_where_it_stands(tiny, block, says):
    first = tiny["experiments"]["first"]
    runs = {
        "a": {"schedule": {"decay_at": 0.5, "divide_by": 2}},
        "b": {"schedule": {"decay_at": 0.3}},
    }
    if "schedule" in block:
        first["runs"] = runs
    first |= {key: {**value} for key, value in block.items() if key != "problem"}
    first["problem"] = {**first["problem"], **block.get("problem", {})}
    tiny["experiments"] |= {
        "second": {"like": "first"},
        "third": {"like": "second", "replicates": 2},
    }
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    lines = str(caught.value).splitlines()
    assert sum(f"experiments.first.{says}" in line for line in lines) == 1
    assert not any("second" in line or "third" in line for line in lines)


def test_default_that_another_experiment_s_runs_take(tiny):
    """`like` an experiment with a default, and runs that all have schedules of another kind."""
    first = tiny["experiments"]["first"]
    first["schedule"] = {"kind": "step_decay", "step_size": 0.05, "divide_by": 2.0}
    first["runs"] = {"large": {"schedule": {"decay_at": 0.5}}}
    constant = {"schedule": {"kind": "constant", "step_size": 0.01}}
    tiny["experiments"]["second"] = {"like": "first", "runs": {"small": constant}}
    assert second(tiny).runs["small"].schedule.kind == "constant"


def test_strange_names_of_others_are_quoted(tiny):
    tiny["experiments"] |= {"second": {"like": "fist"}, "a\x90b": {}, "x" * 200: {}}
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    line = str(caught.value)
    assert line.isprintable()
    assert "'a\\x90b'" in line
    assert "x" * 61 not in line


def test_experiments_that_are_like_each_other(tiny):
    tiny["experiments"] |= {"second": {"like": "third"}, "third": {"like": "second"}}
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "experiments.second.like",
        "experiments.third.like",
    ]
    assert all("leads back to" in line for line in lines)


def test_few_lines_that_stand_for_very_many_runs(tiny):
    runs = {f"run-{number}": None for number in range(2000)}
    many = {f"e{number}": {"like": "first"} for number in range(2000)}
    tiny["experiments"]["first"] |= {"runs": runs, "schedule": {"kind": "constant"}}
    tiny["experiments"] |= many
    with pytest.raises(ConfigError, match=r"^experiments: have 4002000 runs; at most 1000000$"):
        config.load(tiny)


def test_what_was_read_does_not_change(family):
    family["experiments"]["second"] |= {"problem": {"n_train": 5}, "schedule": {"divide_by": 3}}
    family["experiments"]["first"]["schedule"] = {"kind": "step_decay", "step_size": 0.05}
    before = copy.deepcopy(family)
    write_out(family, Mistakes())
    assert family == before


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "b", "first"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "b", "like", "runs", "schedule", "algorithm", "of", "kind"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), JUNK, max_size=3) | JUNK)
def test_other_shapes_are_left_to_the_checks_that_follow(experiments):
    written, origin = write_out({"experiments": experiments}, Mistakes())
    assert set(written) == {"experiments"}
    assert origin(("experiments",)) == ("experiments",)


def test_what_is_wrong_for_the_one_that_starts_there_names_both(tiny):
    tiny["experiments"]["mine"] = {"like": "first", "epochs": 3}
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    assert str(caught.value).startswith("experiments.mine.epochs: problem ")
    tiny["experiments"]["mine"] = {
        "like": "first",
        "model": {
            "kind": "mlp",
            "widths": [3],
            "biases": [True, False],
            "weight_scales": [1.0, 1.0],
        },
    }
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    line = str(caught.value).splitlines()[0]
    assert line.startswith("experiments.first.measure.sparse_recovery: unknown measure")
    assert line.endswith("(wrong in experiments.mine, which is like it)")
