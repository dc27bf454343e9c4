"""The block `published:`: what is refused, in one line, and what no id depends on."""

import copy
import json

import pytest

from sparsestep import config
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan

OUTSIDE = {"run": "small", "metrics": ["l0"], "reason": "another network"}
BLOCK = {
    "figure": "Figure 2",
    "experiment": "first",
    "runs": {"small": {"l0": 3, "train_loss": 1.5e-3}},
    "outside": [OUTSIDE],
}

# keys of the block changed, what the line says
MISTAKES = [
    ({"experiment": "frst"}, r"0\.experiment: there is no such experiment, .*mean 'first'"),
    ({"runs": {"smal": {"l0": 3}}, "outside": []}, r"0\.runs\.smal: experiments\.first has no"),
    ({"runs": {"small": {"lo": 3}}, "outside": []}, r"0\.runs\.small\.lo: not measured .*, l0"),
    ({"runs": {"small": {"l0": "many"}}}, r"0\.runs\.small\.l0: got 'many'; .*valid number"),
    ({"runs": {"small": {"l0": float("nan")}}}, r"0\.runs\.small\.l0: got nan; .*finite number"),
    ({"runs": {"small": {}}}, r"0\.runs\.small: got \{\}; must have at least 1 entry"),
    ({"runs": {}}, r"0\.runs: got \{\}; must have at least 1 entry"),
    ({"source": "guessed"}, r"0\.source: got 'guessed'; .*'digitised', 'text' or 'notebook'"),
    ({"figur": "Figure 2"}, r"0\.figur: unknown key, .*did you mean 'figure'"),
    (
        {"outside": [{**OUTSIDE, "run": "decay-50"}]},
        r"0\.outside\.0\.run: has no value above.*valid: small$",
    ),
    ({"outside": [{**OUTSIDE, "metrics": ["l1"]}]}, r"0\.outside\.0\.metrics\.0: has no value"),
    ({"outside": [{**OUTSIDE, "reason": ""}]}, r"0\.outside\.0\.reason: got ''; must have at le"),
]
SHOWN_BY = [
    ({"experiment": "frst", "run": "small"}, r"shown_by\.experiment: there is no such experim"),
    ({"experiment": "first", "run": "smal"}, r"shown_by\.run: experiments\.first has no such"),
]
MISTAKES += [
    ({"outside": [{**OUTSIDE, "shown_by": by}]}, r"0\.outside\.0\." + says) for by, says in SHOWN_BY
]


@pytest.mark.parametrize(("change", "says"), MISTAKES)
def test_mistake_is_one_line(tiny, change, says):
    tiny["published"] = [{**BLOCK, **change}]
    with pytest.raises(ConfigError, match=rf"^published\.{says}") as caught:
        config.load(tiny)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("metric", ["l0", "train_loss"])
def test_what_shows_a_reason_must_measure_each_of_its_metrics(tiny, metric):
    second = copy.deepcopy(tiny["experiments"]["first"]) | {"claims": {}}
    other = {"losses": "train_loss", "sparse_recovery": "l0"}
    second["measure"] = {name: None for name, of in other.items() if of != metric}
    second["measure"] |= {"sparse_recovery": {"l0_threshold": 1e-9}} if metric != "l0" else {}
    tiny["experiments"]["second"] = second
    by = {"experiment": "second", "run": "small"}
    outside = {**OUTSIDE, "metrics": ["l0", "train_loss"], "shown_by": by}
    tiny["published"] = [{**BLOCK, "outside": [outside]}]
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    (line,) = str(caught.value).split("\n")
    assert line.startswith("published.0.outside.0.shown_by.run: not measured there, ")
    assert f"got '{metric}'" in line


def test_a_value_is_given_once(tiny):
    second = {**BLOCK, "figure": "Figure 9", "runs": {"small": {"l0": 4}}}
    tiny["published"] = [BLOCK, second]
    with pytest.raises(ConfigError, match=r"^published\.1\.runs\.small\.l0: a second value of the"):
        config.load(tiny)


def test_a_block_that_no_command_could_hold(tiny):
    tiny["published"] = [{**BLOCK, "figure": f"Figure {n}"} for n in range(300)]
    with pytest.raises(ConfigError, match=r"^published: has \d+ characters as JSON; at most 25000"):
        config.load(tiny)


def specs_of(raw):
    jobs = Plan(raw).jobs
    return {stage: json.loads(jobs.spec(stage)(None)) for stage in ("summary", "claims")}


def test_nothing_is_trained_or_measured_for_it(tiny):
    with_values = {**copy.deepcopy(tiny), "published": [BLOCK]}
    assert Plan(tiny).output_paths() == Plan(with_values).output_paths()
    assert specs_of(tiny)["summary"] == specs_of(with_values)["summary"]
    # Verdicts tell them, of the experiment that has some.
    (entry,) = specs_of(with_values)["claims"]["experiments"]
    assert entry.pop("published") == BLOCK["runs"]
    assert [entry] == specs_of(tiny)["claims"]["experiments"]


def test_figures_are_told_of_what_they_show_alone(tiny):
    tiny["published"] = [BLOCK]
    plan = Plan(tiny)
    told = plan.figures.figure("curves")["experiments"]["first"]
    assert told["published"] == {"small": {"l0": 3, "train_loss": 1.5e-3}}
    # That of test losses, of which none is published.
    assert "published" not in plan.figures.figure("ends")["experiments"]["first"]


def test_what_is_on_demand_is_compared_where_it_is_asked_for(tiny):
    second = copy.deepcopy(tiny["experiments"]["first"])
    tiny["experiments"]["second"] = {**second, "on_demand": True}
    shown_by = {"experiment": "second", "run": "small"}
    first = {**BLOCK, "outside": [{**OUTSIDE, "shown_by": shown_by}]}
    tiny["published"] = [first, {**BLOCK, "experiment": "second"}]
    for enabled, compared in (([], ["first"]), (["second"], ["first", "second"])):
        spec = Plan({**tiny, "enabled": enabled}).published.comparison()
        assert [block["experiment"] for block in spec["published"]] == compared
        assert list(dict.fromkeys(name for name, *_ in spec["tables"])) == compared


def test_what_another_experiment_shows_is_read_too(tiny):
    tiny["experiments"]["second"] = copy.deepcopy(tiny["experiments"]["first"])
    tiny["published"] = [BLOCK]
    assert {name for name, *_ in Plan(tiny).published.comparison()["tables"]} == {"first"}
    shown_by = {"experiment": "second", "run": "small"}
    tiny["published"] = [{**BLOCK, "outside": [{**OUTSIDE, "shown_by": shown_by}]}]
    plan = Plan(tiny)
    assert {name for name, *_ in plan.published.comparison()["tables"]} == {"first", "second"}
    assert len(plan.published.inputs()) == len(plan.published.comparison()["tables"])


def test_the_shipped_values(published):
    """All that was read off the figures of the small networks, and the runs of one seed each."""
    spec = published.published.comparison()
    of = {}
    for block in spec["published"]:
        of.setdefault(block["source"], []).extend(block["values"])
    assert {source: len(values) for source, values in of.items()} == {
        "digitised": 106,
        "text": 3,
        "notebook": 16,
    }
    ranks = published.published.of("sde_diagonal", {"jacobian_rank"})
    by_run = {"sgd": 58, "sde": 52, "flow": 200}
    assert ranks == {run: {"jacobian_rank": rank} for run, rank in by_run.items()}
    # Shares, not per cent.
    for block in published.config.published:
        for values in block.runs.values():
            shares = [v for m, v in values.items() if m.startswith(("feature_", "test_error"))]
            assert all(0 < share < 1 for share in shares)


def test_a_block_of_no_experiment_hides_nothing_behind_it(tiny):
    tiny["published"] = [{**BLOCK, "experiment": "frst"}, {**BLOCK, "runs": {"smal": {"l0": 3}}}]
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("published.0.experiment: there is no such experiment")
    assert lines[1].startswith("published.1.runs.smal: experiments.first has no such run")


def test_values_of_a_run_from_two_figures_stand_together(tiny):
    second = {**BLOCK, "figure": "Figure 9", "runs": {"small": {"beta_error": 0.1}}, "outside": []}
    tiny["published"] = [BLOCK, second]
    values = {"l0": 3, "train_loss": 1.5e-3, "beta_error": 0.1}
    assert Plan(tiny).published.of("first") == {"small": values}


def test_what_is_wrong_is_told_at_the_second_of_several(tiny):
    second = {"run": "decay-50", "metrics": ["l0", "l1"], "reason": "another network"}
    runs = {**BLOCK["runs"], "decay-50": {"l0": 4, "beta_error": 0.5}}
    tiny["experiments"]["second"] = copy.deepcopy(tiny["experiments"]["first"])
    del tiny["experiments"]["second"]["measure"]["sparse_recovery"]
    tiny["experiments"]["second"]["claims"] = {}
    shown_by = {"experiment": "second", "run": "small"}
    tiny["published"] = [
        # The same metrics of another run, and of the same run of another experiment, are others.
        {**BLOCK, "runs": runs, "outside": [OUTSIDE, second]},
        {**BLOCK, "experiment": "second", "runs": {"small": {"train_loss": 0.5}}, "outside": []},
    ]
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    assert str(caught.value) == (
        "published.0.outside.1.metrics.1: has no value above, got 'l1'; valid: l0, beta_error"
    )
    tiny["published"][0]["outside"] = [{**OUTSIDE, "shown_by": shown_by}]
    with pytest.raises(
        ConfigError, match=r"^published\.0\.outside\.0\.shown_by\.run: not measured"
    ):
        config.load(tiny)
