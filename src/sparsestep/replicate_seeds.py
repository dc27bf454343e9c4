"""Seeds of a problem's replicates, for what is drawn after the problem was generated."""

from typing import TYPE_CHECKING

from sparsestep.seeds import Seeds, Stream

if TYPE_CHECKING:
    from sparsestep.artifacts.arrays import Problem


def seeds_in(problem: "Problem") -> Seeds:
    """What the problem's spec says about its randomness; defaults must be filled in."""
    return Seeds(**{name: problem.spec["problem"][name] for name in Seeds.model_fields})


def number_of(problem: "Problem", row: int) -> int:
    """Number, in its experiment, of the replicate in `row` of this batch."""
    return problem.spec["replicates"][0] + row


def seed_of(problem: "Problem", row: int, stream: Stream) -> int:
    """Seed of a random stream of the replicate in `row`: that of all where they share it."""
    number = number_of(problem, row)
    (seed,) = seeds_in(problem).of(stream, range(number, number + 1))
    return seed
