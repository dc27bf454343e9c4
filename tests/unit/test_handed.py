"""What is handed over in Python and cannot be used is one line, not a traceback from inside."""

import pytest

from sparsestep.errors import ConfigError
from sparsestep.plan import Plan
from sparsestep.problems import generate
from unit.config.test_config_images import IMAGES


@pytest.fixture
def spec(tiny):
    plan = Plan(tiny)
    return lambda run: {**plan.experiments.run("first", run), "replicates": [0, 2]}


def line_of(call, *arguments, **others):
    with pytest.raises(ConfigError) as caught:
        call(*arguments, **others)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_problems_of_images_have_no_problem():
    plan = Plan({"experiments": {"tiny": IMAGES}})
    spec = {**plan.experiments.run("tiny", "small"), "replicates": [0, 0]}
    assert line_of(generate, spec) == (
        "problem: got 'images', of networks on images, which sparsestep.images trains; valid here: "
        "sparse_regression, kink_regression, teacher_student, given_data, table, noisy_curve"
    )


@pytest.mark.parametrize("replicates", [[0], 3, [0, 1, 2], [2, 1], [-1, 0], ["0", "1"]])
def test_replicates_are_the_first_and_the_last(spec, replicates):
    line = line_of(generate, {**spec("small"), "replicates": replicates})
    assert line.startswith(f"replicates: got {replicates!r}; must be the first and the last one")


@pytest.mark.parametrize("ends", [[0, 0], [2, 2], (1, 2)])
def test_one_replicate_alone_and_some_behind_the_first(spec, ends):
    first, last = ends
    found = generate({**spec("small"), "replicates": ends})
    whole = generate(spec("small"))
    assert found.order.tolist() == whole.order[first : last + 1].tolist()


def test_keys_that_are_missing(spec):
    given = spec("small")
    del given["replicates"], given["model"]
    assert line_of(generate, given).startswith("the spec lacks model, replicates; it must have ")


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        ({"kind": "sparse_regresion"}, "unknown problem 'sparse_regresion'; valid: "),
        ({"data_seed": 0}, "problem: got {'data_seed': 0}; must have a kind; valid: "),
        ({"kind": "given_data", "xx": 1}, "problem.xx: unknown key; keys of given_data: "),
        ({"kind": "given_data"}, "problem.order_seed: missing; keys of given_data: "),
    ],
)
def test_a_typo_in_a_problem(spec, problem, line):
    assert line_of(generate, {**spec("small"), "problem": problem}).startswith(line)
