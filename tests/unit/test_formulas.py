"""Formulas of config.yaml: arithmetic, and nothing else."""

import math

import pytest

from sparsestep.formulas import Formula


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 / step_size", 8.0),
        ("2*(step_size+1)**2 - -3", 6.125),
        ("sqrt(4 * step_size)", 1.0),
        ("min(step_size, 3, 2) + max(1, 2)", 2.25),
        ("exp(0) + log(exp(step_size)) + abs(-1)", 2.25),
        ("1e-2", 0.01),
        (" +step_size ", 0.25),
        ("max(step_size)", 0.25),
    ],
)
def test_value(text, expected):
    assert Formula(text, ("step_size",))(step_size=0.25) == pytest.approx(expected, rel=1e-15)


def test_of_several_variables():
    assert Formula("a - 2 * b", ("a", "b"))(a=1, b=3) == -5.0


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("__import__('os').getcwd()", "__import__('os').getcwd()"),
        ("step_size.real", "step_size.real"),
        ("[1, 2]", "[1, 2]"),
        ("'a' * 3", "'a'"),
        ("step_size if 1 else 2", "step_size if 1 else 2"),
        ("True", "True"),
        ("width", "width"),
        ("open(1)", "open(1)"),
        ("sqrt(1, 2)", "sqrt(1, 2)"),
        ("min(key=1)", "min(key=1)"),
        ("1 < 2", "1 < 2"),
        ("5 % 2", "5 % 2"),
        ("2j", "2j"),
        ("~1", "~1"),
    ],
)
def test_what_is_no_arithmetic_is_refused(text, part):
    with pytest.raises(ValueError, match="has no place in a formula; valid: numbers") as caught:
        Formula(text, ("step_size",))
    assert repr(part) in str(caught.value)
    assert str(caught.value).endswith("and step_size")


@pytest.mark.parametrize("text", ["", "2 /", "1 2", "(", "a" * 201, "(" * 150, "x = 1"])
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ValueError, match=r"is no formula|at most 200"):
        Formula(text, ("x",))


@pytest.mark.parametrize("text", ["1 / x", "log(x)", "9 ** 9 ** 9 ** 9", "sqrt(x - 1)", "1e400"])
def test_what_has_no_value_is_told(text):
    with pytest.raises(ValueError, match="has no value at x = 0"):
        Formula(text, ("x",))(x=0.0)
    assert math.isfinite(Formula("x", ("x",))(x=0.0))


def test_as_long_as_it_may_be_and_how_much_of_a_part_is_told():
    assert Formula("1" + " " * 199, ("x",))() == 1
    with pytest.raises(ValueError, match="must have at most 200 characters"):
        Formula("1" + " " * 200, ("x",))
    with pytest.raises(ValueError, match="has no place") as caught:
        Formula(f"open({'1' * 60})", ("x",))
    assert repr(f"open({'1' * 35}") in str(caught.value)
    assert "1" * 36 not in str(caught.value)
    assert Formula("log(100)", ())() == pytest.approx(math.log(100))
    assert Formula("min(3, 2)", ())() == 2


def test_a_number_that_is_too_large_for_one():
    with pytest.raises(ValueError, match=r"has no value at x = 1000000000000000000\d$"):
        Formula("x", ("x",))(x=10**400)
