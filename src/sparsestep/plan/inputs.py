"""Files that a job reads, with what they must have been made from."""

from typing import NamedTuple


class Input(NamedTuple):
    """A file, the names of what it holds (experiment, run and the like), and its spec's id."""

    path: str
    names: tuple[str | float, ...]
    made_from: str

    def described(self) -> list[str | float]:
        """What a job is told of it: the names, and the id last."""
        return [*self.names, self.made_from]


def paths_of(inputs: list[Input]) -> list[str]:
    """Where they lie."""
    return [of.path for of in inputs]


def described(inputs: list[Input]) -> list[list[str | float]]:
    """What a job is told of them."""
    return [of.described() for of in inputs]
