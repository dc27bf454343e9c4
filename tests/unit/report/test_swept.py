"""Numbers of sweeps in findings: points, exponents, paragraphs that vanish, wrong texts."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sparsestep.errors import ConfigError
from sparsestep.report import findings

NOTHING = pd.DataFrame(columns=["experiment", "run", "replicate", "metric", "value"])
NOISY = "label_noise_gd, variance 0.1"
MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def sweeps():
    """Two widths and algorithms, five replicates; but one, all are lost at the last point."""
    rows = []
    for width in (10, 40):
        for kind in ("sgd", NOISY):
            for replicate in range(5):
                lost = width == 40 and kind != "sgd" and replicate
                value = np.nan if lost else width**-0.5 * (1 + replicate)
                edge = np.inf if replicate == 4 else 2.0 * width
                rows.append([width, kind, replicate, 7 if lost else -1, edge, value, 0.25])
    columns = ["model.widths.0", "algorithm", "replicate", "diverged_at", "edge", "train_loss"]
    return {"widths": pd.DataFrame(rows, columns=[*columns, "test_error"])}


def rendered(text, sweeps):
    findings.check(text, Path("x.rst"))
    return findings.render(text, NOTHING, {}, sweeps)


def call(name, *texts):
    quoted = ", ".join(f'"{text}"' for text in texts)
    return f"{{{{ {name}({quoted}) }}}}"


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (("swept", "widths", "edge", "model.widths.0 = 40; algorithm = sgd"), "80"),
        (("swept_low", "widths", "train_loss", "model.widths.0=4e1;algorithm=sgd"), "0.221"),
        (("swept_high", "widths", "train_loss", "algorithm = sgd; model.widths.0 = 10"), "1.45"),
        (("swept", "widths", "test_error", "model.widths.0 = 10; algorithm = sgd"), "25 %"),
        (
            (
                "swept_diverged",
                "widths",
                "model.widths.0 = 40; algorithm = label_noise_gd, variance 0.1",
            ),
            "4 of 5",
        ),
        (
            ("exponent", "widths", "train_loss", "model.widths.0", "algorithm = sgd"),
            f"{MINUS}0.50 ({MINUS}0.50 to {MINUS}0.50)",
        ),
    ],
)
def test_what_a_sweep_says(sweeps, texts, says):
    assert rendered(call(*texts), sweeps) == says


def test_a_key_of_one_value_need_not_be_named(sweeps):
    sweeps["widths"] = sweeps["widths"][sweeps["widths"]["algorithm"] == "sgd"]
    assert rendered(call("swept", "widths", "edge", "model.widths.0 = 40"), sweeps) == "80"
    assert rendered(call("exponent", "widths", "edge", "model.widths.0", ""), sweeps).startswith(
        "1."
    )


def test_what_is_lost_at_once_is_lost_and_texts_may_hold_what_separates(sweeps):
    sweeps["widths"] = sweeps["widths"].replace({"algorithm": {NOISY: "noise = 0.1"}})
    sweeps["widths"]["diverged_at"] = sweeps["widths"]["diverged_at"].replace(7, 0)
    point = "model.widths.0 = 40; algorithm = noise = 0.1; "
    assert rendered(call("swept_diverged", "widths", point), sweeps) == "4 of 5"
    # A text for a number is no point.
    assert rendered(call("swept_diverged", "widths", "model.widths.0 = x"), sweeps) == ""


def test_exponents_are_of_all_values_that_there_are(sweeps):
    # At 40 one of five is left, the first: the logs of 1, ..., 5 have the mean log(120) / 5.
    found = rendered(
        call("exponent", "widths", "train_loss", "model.widths.0", f"algorithm = {NOISY}"), sweeps
    )
    assert found.startswith(f"{MINUS}{0.5 + np.log(120) / 5 / np.log(4):.2f} (")


def of_keys(*keys, replicates=2):
    """A sweep over one key; what is measured is four times its square, of each replicate."""
    rows = [[key, r, -1, 4.0 * float(key) ** 2] for key in keys for r in range(replicates)]
    columns = ["model.scale", "replicate", "diverged_at", "train_loss"]
    return {"scales": pd.DataFrame(rows, columns=columns)}


def test_exponents_over_keys_that_are_fractions_and_of_one_replicate():
    told = call("exponent", "scales", "train_loss", "model.scale", "")
    assert rendered(told, of_keys(0.5, 0.25)) == "2.00 (2.00 to 2.00)"
    # An interval is about several.
    assert rendered(told, of_keys(0.5, 0.25, replicates=1)) == "2.00"
    for keys in ((0.0, 0.5), (-1, 2), (True, 2.5), (0.5,)):
        assert rendered(told, of_keys(*keys)) == "", keys
    falling = of_keys(1, 2, 4, replicates=3)
    at = falling["scales"]
    at["train_loss"] = at["model.scale"] ** -(1.0 + 0.1 * at["replicate"])
    low, high = (float(x) for x in re.findall(r"\d\.\d+", rendered(told, falling))[1:])
    # Of slopes -1, -1.1, -1.2, from the smaller to the larger: minus signs apart, they fall.
    assert low > 1.1 > high
    nobody = of_keys(1, 2)
    nobody["scales"]["train_loss"] = np.nan
    assert rendered(told, nobody) == ""


@pytest.mark.parametrize(
    "texts",
    [
        ("swept", "width", "edge", "model.widths.0 = 40; algorithm = sgd"),
        ("swept", "widths", "l0", "model.widths.0 = 40; algorithm = sgd"),
        ("swept", "widths", "edge", "model.widths.0 = 20; algorithm = sgd"),
        ("swept", "widths", "edge", "iterations = 20; algorithm = sgd"),
        ("swept", "widths", "edge", "model.widths.0 = 40; algorithm = sgd; iterations = 20"),
        ("swept", "widths", "edge", "model.widths.0 = 40.001; algorithm = sgd"),
        # Several points.
        ("swept", "widths", "edge", "model.widths.0 = 40"),
        ("swept_diverged", "widths", "algorithm = sgd"),
        ("exponent", "widths", "edge", "model.widths.0", ""),
        ("exponent", "widths", "edge", "algorithm", "model.widths.0 = 10"),
        ("exponent", "widths", "edge", "iterations", "algorithm = sgd"),
    ],
)
def test_a_paragraph_about_what_is_not_there_is_left_out(sweeps, texts):
    assert rendered(f"One.\n\nTwo {call(*texts)}.\n\nThree.", sweeps) == "One.\n\nThree."


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (("swept", "widths", "edge"), "swept() takes 3 texts in quotes (sweep, metric, point)"),
        (("swept", "Widths!", "edge", ""), "swept(): got 'Widths!'; must be the name of a sweep"),
        (("swept", "widths", "egde", ""), "there is no such metric, got 'egde'"),
        (("swept", "widths", "edge", "iterations"), "got 'iterations'; must be `key = value`"),
        (("swept", "widths", "edge", "iterations = "), "got 'iterations ='; must be `key = value`"),
        (("swept", "widths", "edge", "a = 1; = 2"), "got '= 2'; must be `key = value`"),
        (("exponent", "widths", "edge", " ", ""), "must be a key of the sweep"),
    ],
)
def test_what_is_wrong_is_said_before_the_first_job(texts, says):
    with pytest.raises(ConfigError) as caught:
        findings.check(call(*texts), Path("x.rst"))
    assert says in str(caught.value)
    assert str(caught.value).startswith("x.rst: ")


def test_the_report_reads_the_sweeps_that_are_named(tmp_path):
    one, two = tmp_path / "one.rst", tmp_path / "two.rst"
    one.write_text(f"A {call('swept', 'b', 'edge', '')}.\n\nB {call('median', 'c', 'r', 'l0')}.")
    inside = call("exponent", "a", "edge", "iterations", "")
    two.write_text('{% if as_seen("sweeps.d", "0123456789ab") %}C ' + inside + "{% endif %}")
    assert findings.sweeps_in([str(one), str(two)], ["d", "c", "b", "a"]) == ["b", "a"]
    assert findings.sweeps_in([str(one)], ["a"]) == []
