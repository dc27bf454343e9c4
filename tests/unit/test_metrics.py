"""How columns of measurements are told: by the one table of metrics, layer, block, threshold."""

import pytest

from sparsestep import metrics, registry


@pytest.mark.parametrize(
    ("column", "label", "scale"),
    [
        ("jacobian_rank@1e-6", "rank of the Jacobian (threshold 1e-6)", "linear"),
        ("raw_sparsity_block2", "raw sparsity, block 2", "linear"),
        ("distinct_neurons_layer12", "distinct neurons, layer 12", "linear"),
        ("feature_sparsity_last@0.9", "feature sparsity, last block (threshold 0.9)", "linear"),
        ("l0@1e-5", r"$\|\beta\|_0$ (threshold 1e-5)", "linear"),
        ("test_error", "test error [%]", "per cent"),
        ("test_loss", "test loss", "log"),
    ],
)
def test_how_a_column_is_told(column, label, scale):
    assert (metrics.describe(column).label, metrics.describe(column).scale) == (label, scale)


def test_words_are_for_sentences():
    assert metrics.describe("l0@1e-5").words == "number of non-zero coordinates (threshold 1e-5)"
    assert metrics.describe("test_error").words == "test error"


@pytest.mark.parametrize(
    "column",
    [
        *("something_new", "something_new_layer1", "@", "", "layer1"),
        *("train_loss_layer", "train_loss_block", "l0_last3", "l0_layer0", "l0_layer1_last"),
        *("l0@", "l0@small", "l0@1e-5@1e-6", "l0@1e-5_layer1", "l0 ", "l0_layer١"),
    ],
)
def test_columns_that_are_none(column):
    assert metrics.find(column) is None
    with pytest.raises(KeyError):
        metrics.describe(column)


def test_labels_are_told_apart():
    labels = [metrics.describe(column).label for column in registry.METRICS]
    assert len(set(labels)) == len(labels)


def test_a_new_metric_changes_no_description_of_others(monkeypatch):
    before = metrics.describe_all(["l0", "train_loss"])
    monkeypatch.setitem(registry.METRICS, "new", ("something new", "linear"))
    assert metrics.describe_all(["train_loss", "l0"]) == before


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("l0", "l0"),
        ("l0@1e-5", "l0"),
        ("feature_sparsity_layer2@0.9", "feature_sparsity"),
        ("raw_sparsity_last", "raw_sparsity"),
        ("something_new", None),
        ("l0@small", None),
    ],
)
def test_the_metric_behind_a_part_and_a_threshold(column, expected):
    assert metrics.base(column) == expected


def test_a_name_that_ends_like_a_part_is_its_own(monkeypatch):
    monkeypatch.setitem(registry.METRICS, "one_last", ("the last one", "log"))
    assert metrics.find("one_last") == metrics.Metric("the last one", "log")
    assert metrics.base("one_last") == "one_last"
    # Of a metric without a symbol, none is made of the threshold.
    found = metrics.find("jacobian_rank_layer2@0.5")
    assert found == ("rank of the Jacobian, layer 2 (threshold 0.5)", "linear", "")
