"""Perturbed starts: the same training again, from initial parameters that differ by rounding.

A run at the edge of stability is chaotic: an error of the last bit grows until it decides whether
the run diverges and what it ends with. A single run is then one draw. Runs that start within
rounding of it are others, and as many as are wanted.
"""

from typing import Annotated, Any

from pydantic import AfterValidator

from sparsestep.fields import AddedField, Closed, Float

# The distance from 1 to the next larger float64: what is smaller would change nothing.
_SMALLEST = 2.0**-52


def _can_be_seen(size: float) -> float:
    if size != 0 and not _SMALLEST <= size < 1:
        raise ValueError("must be 0 (none), or from 2.3e-16, the rounding of float64, to below 1")
    return size


class PerturbedStart(Closed):
    """Base of the `Spec` of the algorithms of small networks: what the updates start from.

    Every initial parameter but those of replicate 0 is multiplied by 1 + size Z, Z ~ N(0, 1)
    (`training/starts.py`).
    """

    perturbation: Annotated[Float, AfterValidator(_can_be_seen)] = AddedField(
        default=0.0,
        description="size of a relative perturbation of the initial parameters, as 1.0e-14, drawn "
        "for every replicate but 0; 0: none",
    )

    @property
    def is_random(self) -> bool:
        """Whether updates depend on the order of the samples, or on noise that follows it."""
        return True


def unperturbed(algorithm: dict[str, Any]) -> dict[str, Any]:
    """The algorithm, a block of config.yaml, from the start as it is.

    Edges are those of unperturbed starts: so a perturbed run is one that its edge has not seen.
    """
    return {key: value for key, value in algorithm.items() if key != "perturbation"}
