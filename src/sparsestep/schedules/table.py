"""Step sizes from a file."""

import json
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, Strict, ValidationInfo, field_validator

from sparsestep.fields import Closed, PositiveFloat, StepSize
from sparsestep.schedules import table_file
from sparsestep.schedules.edge import in_units
from sparsestep.schedules.pairs import PAIR, check_order

_Iteration = Annotated[int, Strict(), Field(ge=0, lt=2**31)]
_Entry = Annotated[tuple[_Iteration, PositiveFloat], PAIR]
# Entries are a part of each job's command, as all that decides its content (`config/limits.py`).
_CHARACTERS = 20_000


class Spec(Closed):
    """eta(t) = step_size v, of the last entry (i, v) with i <= t; entries from T on are not taken.

    The file is read with config.yaml, whenever that is; ids and jobs have its entries, without
    those that change nothing. So an edited file trains again, a moved one does not, and a job asks
    for no file.
    """

    FILLED_IN: ClassVar[tuple[str, ...]] = ("values",)

    kind: Literal["table"]
    step_size: StepSize = Field(
        default=1.0, description="times the entries; at 1, they are step sizes themselves"
    )
    path: str | None = Field(
        default=None,
        exclude=True,
        description="file with a step size a line, or iteration and step size; it is relative to "
        "where Snakemake runs",
    )
    values: list[_Entry] | None = Field(
        default=None,
        validate_default=True,
        description="instead of a file: [i, v] each, v from iteration i on; the first is of 0",
    )

    @field_validator("path")
    @classmethod
    def _of_a_table(cls, path: str | None) -> str | None:
        # Read for its mistakes, which belong to this key.
        if path is not None:
            _kept(table_file.read(path))
        return path

    @field_validator("values", mode="before")
    @classmethod
    def _of_the_file(cls, values: Any, others: ValidationInfo) -> Any:
        if "path" not in others.data:
            # It is wrong, and said to be.
            return [[0, 1.0]]
        path = others.data["path"]
        if path is None:
            if values is None:
                raise ValueError("must be there, or a path")
            return values
        if values is not None:
            raise ValueError("must be absent where there is a path")
        return table_file.read(path)

    @field_validator("values")
    @classmethod
    def _in_order_from_the_start(cls, values: list[_Entry]) -> list[_Entry]:
        check_order(values)
        return _kept(values)

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        begins, values = zip(*self.values, strict=True)
        at = np.searchsorted(begins, np.arange(iterations), side="right") - 1
        return in_units(self.step_size) * np.array(values)[at]

    def decays(self, iterations: int) -> list[int]:
        """Iterations from which on the step size is smaller than before.

        Where it falls from one iteration to the next and goes on to, that is where it begins to.
        """
        smaller = np.diff(self.step_sizes(iterations)) < 0
        begins = smaller & ~np.concatenate([[False], smaller[:-1]])
        return (1 + np.flatnonzero(begins)).tolist()


def _kept(values: list[_Entry]) -> list[_Entry]:
    """The entries without those that are as large as the one before; not too many for a command."""
    kept = [values[0]]
    kept += [entry for before, entry in pairwise(values) if entry[1] != before[1]]
    length = len(json.dumps(kept, separators=(",", ":")))
    if length > _CHARACTERS:
        raise ValueError(
            f"has {len(kept)} different step sizes one after the other, {length} characters; at "
            f"most {_CHARACTERS}, for commands hold them: a step size holds until the next"
        )
    return kept
