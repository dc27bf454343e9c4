"""Training and test rows of a replicate, wrong labels, and units."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.problems.tabular.chosen import Chosen, Rows

if TYPE_CHECKING:
    from sparsestep.problems.table import Spec

# seeds.py lists the numbers.
_WRONG_LABELS = 11


def sizes(spec: "Spec", train: int, test: int | None) -> tuple[int, int, int]:
    """Rows that may train, that do, and that test; without a test set the last is 0.

    `train` and `test` are the numbers of rows in a table that are for one and told apart for the
    other.
    """
    held = test or 0
    if spec.test is not None and test is None:
        held = round(spec.test.share * train)
        train -= held
    return train, train if spec.rows is None else spec.rows, held


def split(spec: "Spec", chosen: Chosen, seed: int) -> dict[str, np.ndarray]:
    """x_train, y_train, x_test, y_test of a seed of the data, and x_fresh; float64.

    `RandomState(seed).permutation(rows)` names the rows: with a share for testing, round(share
    rows) first ones test; of the others the first `spec.rows` train. So a larger training set holds
    a smaller one, beside the same test set. Both keep the file's order.
    """
    told_apart = None if chosen.test is None else len(chosen.test.y)
    _, count, held = sizes(spec, len(chosen.train.y), told_apart)
    drawn = np.random.RandomState(seed).permutation(len(chosen.train.y))
    test = chosen.test
    if spec.test is not None and test is None:
        test = _taken(chosen.train, np.sort(drawn[:held]))
        drawn = drawn[held:]
    train = _taken(chosen.train, np.sort(drawn[:count]))
    y_train = train.y
    if chosen.classes:
        y_train = _corrupted(y_train, spec.corrupted, len(chosen.classes), seed)
    test = Rows(train.x, y_train) if test is None else test
    return _scaled(spec, Rows(train.x, y_train), test, chosen.classes)


def _taken(rows: Rows, which: np.ndarray) -> Rows:
    return Rows(rows.x[which], rows.y[which])


def _corrupted(labels: np.ndarray, share: float, classes: int, seed: int) -> np.ndarray:
    """Class numbers of which round(share n) are wrong.

    `RandomState(MT19937(SeedSequence([seed, 11])))` gives the order in which rows become wrong,
    permutation(n), then by how much in that order, randint(1, classes, size=n), modulo the number
    of classes. So what is wrong at a small share is as wrong at a larger one.
    """
    stream = np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, _WRONG_LABELS])))
    order = stream.permutation(len(labels))
    shift = stream.randint(1, classes, size=len(labels))
    count = round(share * len(labels))
    wrong = labels.copy()
    wrong[order[:count]] = (labels[order[:count]] + shift[:count]) % classes
    return wrong


def _scaled(
    spec: "Spec", train: Rows, test: Rows, classes: list[str] | None
) -> dict[str, np.ndarray]:
    x, y = [train.x, test.x], [train.y, test.y]
    if spec.standardise:
        x = _standardised(*x)
    if classes is not None and len(classes) == 2:
        y = [2 * numbers - 1 for numbers in y]
    elif classes is None and spec.standardise_target:
        y = [values[:, 0] for values in _standardised(y[0][:, None], y[1][:, None])]
    # Without a test set, both are the training rows.
    rows = [x[0]] if spec.test is None else [x[1], x[0]]
    fresh = np.concatenate([part[: spec.n_fresh] for part in rows])[: spec.n_fresh]
    return {"x_train": x[0], "y_train": y[0], "x_test": x[1], "y_test": y[1], "x_fresh": fresh}


def _standardised(train: np.ndarray, test: np.ndarray) -> list[np.ndarray]:
    """(x - mean) / standard deviation (1/n) of the training rows; one that is constant is 0."""
    # NumPy's own sums: those of a matrix product have another order on another processor.
    mean = np.sum(train, axis=0) / len(train)
    deviation = np.sqrt(np.sum((train - mean) ** 2, axis=0) / len(train))
    constant = np.max(train, axis=0) == np.min(train, axis=0)
    mean = np.where(constant, train[0], mean)
    return [(x - mean) / np.where(constant, 1.0, deviation) for x in (train, test)]
