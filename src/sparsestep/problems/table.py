"""Regression or classification on a table of the user's, or on one that comes with scikit-learn."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    StringConstraints,
    field_validator,
    model_validator,
)

from sparsestep.fields import Closed, Float, Fraction, PositiveInt, Seed
from sparsestep.problems.tabular import bundled, found
from sparsestep.problems.tabular.chosen import choose
from sparsestep.problems.tabular.columns import as_text
from sparsestep.problems.tabular.examined import Facts, examine
from sparsestep.problems.tabular.files import open_table
from sparsestep.problems.tabular.refusal import refuse
from sparsestep.problems.tabular.split import sizes, split
from sparsestep.seeds import Seeds, Stream

TRUTH = ("x_fresh",)

# Replicates of a batch where a problem says nothing else, and how many numbers their data have, 200
# MB, where each replicate has its own. Both decide where replicates lie.
_PER_BATCH, _NUMBERS_PER_BATCH = 16, 25_000_000

_Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


def _as_label(value: Any) -> Any:
    # YAML reads 1 and true as what they are; a table may hold them as texts.
    return as_text(value) if isinstance(value, str | bool | int | float) else value


_Label = Annotated[str, BeforeValidator(_as_label)]
_SHA256 = "sha256 of the file, filled in; where it is given, what the file must have"


class HeldOut(Closed):
    """Which rows test: a share that is drawn, those of a value in a column, or a second file."""

    FILLED_IN: ClassVar[tuple[str, ...]] = ("sha256",)

    share: Fraction | None = Field(
        default=None, description="of the rows, drawn by the data's seed"
    )
    column: str | None = Field(default=None, description="column that tells test rows apart")
    value: _Label | None = Field(default=None, description="what that column says of test rows")
    path: str | None = Field(
        default=None, exclude=True, description="file with the test rows, of the same columns"
    )
    sha256: _Sha256 | None = Field(default=None, description=_SHA256)

    @model_validator(mode="after")
    def _one_way(self) -> "HeldOut":
        is_file = self.path is not None or self.sha256 is not None
        ways = [self.share is not None, self.column is not None or self.value is not None, is_file]
        if sum(ways) != 1 or (self.column is None) != (self.value is None):
            refuse("must be {share: 0.2}, {column: split, value: test}, or {path: test.csv}")
        return self


class Spec(Seeds):
    """Rows of a file (its path is no part of what decides results, its content is)."""

    FILLED_IN: ClassVar[tuple[str, ...]] = ("sha256",)

    kind: Literal["table"]
    path: str | None = Field(
        default=None, exclude=True, description=".csv, .parquet or .npz, seen from Snakemake"
    )
    dataset: Literal["diabetes", "breast_cancer", "digits", "wine", "iris"] | None = Field(
        default=None, description="instead of path, what comes with scikit-learn"
    )
    sha256: _Sha256 | None = Field(default=None, description=_SHA256)
    target: str = Field(default=bundled.TARGET, description="column to predict; of .npz the array")
    inputs: list[str] | None = Field(
        default=None, min_length=1, description="columns to predict it from (all others)"
    )
    task: Literal["regression", "classes"] | None = Field(
        default=None, description="whether the target is a number or a class; must be said"
    )
    labels: list[_Label] | None = Field(
        default=None, min_length=2, description="classes to take, in this order (all)"
    )
    test: HeldOut | None = Field(
        default=None, description="which rows test; without, there is no test loss"
    )
    rows: PositiveInt | None = Field(
        default=None, description="training rows to take, drawn by the data's seed (all)"
    )
    standardise: bool = Field(
        default=True, description="inputs: less their mean, by their deviation, of training rows"
    )
    standardise_target: bool | None = Field(
        default=None, description="the target of a regression in the same way (true)"
    )
    corrupted: Annotated[Float, Field(ge=0, lt=1)] = Field(
        default=0.0, description="share of the training rows whose class is a wrong one"
    )
    n_fresh: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        default=0, description="rows for the Jacobian, test rows first: as many as parameters"
    )
    data_seed: Seed = Field(default=0, description="seed of what is drawn for replicate 0")
    vary: list[Stream] = Field(default=["order"], description="what differs between the replicates")

    _facts: Facts = PrivateAttr()

    @property
    def dimension(self) -> int:
        """d, number of inputs."""
        return self._facts["dimension"]

    @property
    def classes(self) -> int | None:
        """How many classes there are; None of a regression. Two have the labels -1 and 1."""
        return self._facts["classes"]

    @property
    def n_train(self) -> int:
        """n, number of training rows."""
        return self._sizes()[1]

    @property
    def replicates_per_batch(self) -> int:
        """How many replicates a job takes: as many as elsewhere, or as have data for its memory."""
        if "data" not in self.vary:
            return _PER_BATCH
        _, count, held = self._sizes()
        numbers = (count + held) * (self.dimension + 1)
        return max(1, min(_PER_BATCH, _NUMBERS_PER_BATCH // numbers))

    @property
    def has_test_set(self) -> bool:
        """Whether there are test rows; else the training rows stand for them."""
        return self.test is not None

    @property
    def files(self) -> dict[str, str]:
        """Where the tables lie that the user has named, by their sha256."""
        both = [self, *([self.test] if self.test else [])]
        return {of.sha256: of.path for of in both if of.path is not None}

    @field_validator("inputs", "labels")
    @classmethod
    def _different(cls, names: list[str] | None) -> list[str] | None:
        if names is not None and len(set(names)) < len(names):
            raise ValueError("must be different from each other")
        return names

    @model_validator(mode="after")
    def _of_its_data(self) -> "Spec":
        sources = self._sources()
        # A frozen model; what follows from the file is filled in before anybody sees it.
        self.__dict__["sha256"] = sources[0]
        if len(sources) > 1:
            self.test.__dict__["sha256"] = sources[1]
        if self.task == "regression" and self.standardise_target is None:
            self.__dict__["standardise_target"] = True
        self._facts = examine(self, self._chosen)
        return self

    def _sizes(self) -> tuple[int, int, int]:
        """Rows that may train, that do, and that test."""
        return sizes(self, self._facts["train"], self._facts["test"])

    def _sources(self) -> list[str]:
        """sha256 of the table, and of the second file where there is one."""
        if self.path is not None and self.dataset is not None:
            refuse("give path or dataset, not both", "dataset")
        if self.dataset is None:
            _, sha256 = found.find(self.path, self.sha256, "path")
        else:
            sha256 = bundled.sha256_of(self.dataset)
            if self.sha256 not in (None, sha256):
                refuse(f"is {sha256} with this scikit-learn, expected {self.sha256}", "sha256")
        if not self._has_second_file():
            return [sha256]
        _, second = found.find(self.test.path, self.test.sha256, "test", "path")
        if second == sha256:
            refuse("holds the rows that train", "test", "path")
        return [sha256, second]

    def _has_second_file(self) -> bool:
        of = self.test
        return of is not None and (of.path is not None or of.sha256 is not None)

    def _chosen(self) -> Any:
        """Rows and columns, read now."""
        second = None
        if self._has_second_file():
            path, _ = found.find(self.test.path, self.test.sha256, "test", "path")
            second = open_table(path, ("test", "path"))
        if self.dataset is not None:
            return choose(self, bundled.Bundled(self.dataset), self.dataset, second)
        path, _ = found.find(self.path, self.sha256, "path")
        return choose(self, open_table(path, ("path",)), str(path), second)


def generate(spec: Spec, iterations: int, replicates: range) -> dict[str, Any]:
    """Data, float64, and order, int32, of a `Problem`; the initial parameters are the model's.

    What is drawn is said in `tabular/split.py`. Labels are numbers, of two classes -1 and 1, of
    more their numbers 0, 1, ... truth["x_fresh"] are the first `n_fresh` of the test inputs and
    then the training inputs. The order is `RandomState(order_seed).randint(n, size=T)`, as in
    sparse regression.
    """
    chosen = spec._chosen()
    parts = [split(spec, chosen, seed) for seed in spec.of("data", replicates)]
    fields: dict[str, Any] = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    samples = fields["x_train"].shape[1]
    order = np.empty((len(replicates), iterations), dtype=np.int32)
    order[:] = [
        np.random.RandomState(seed).randint(samples, size=iterations)
        for seed in spec.of("order", replicates)
    ]
    truth = {"x_fresh": fields.pop("x_fresh")}
    return {**fields, "order": order, "truth": truth}
