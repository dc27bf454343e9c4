"""Options that all algorithms of small networks share: precision, perturbed starts.

A run at the edge of stability is chaotic: an error of the last bit grows until it decides whether
the run diverges and what it ends with. A single run is then one draw. Runs that start within
rounding of it are others, and as many as are wanted.
"""

from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from sparsestep.fields import AddedField, Closed, Float

# The distance from 1 to the next larger number: a perturbation below it would change nothing.
_SMALLEST = {"float64": 2.0**-52, "float32": 2.0**-23}


class SmallNetworkSpec(Closed):
    """Base of the `Spec` of the algorithms of small networks: what their updates are made from.

    Every initial parameter but those of replicate 0 is multiplied by 1 + size Z, Z ~ N(0, 1)
    (`training/starts.py`).
    """

    precision: Literal["float64", "float32"] = AddedField(
        default="float64", description="of parameters and updates; float32 for ReLU networks alone"
    )
    perturbation: Float = AddedField(
        default=0.0,
        description="size of a relative perturbation of the initial parameters, as 1.0e-14, drawn "
        "for every replicate but 0; 0: none",
    )

    @field_validator("perturbation")
    @classmethod
    def _can_be_seen(cls, size: float, others: ValidationInfo) -> float:
        if size != 0 and not _SMALLEST["float64"] <= size < 1:
            raise ValueError(
                "must be 0 (none), or from 2.3e-16, the rounding of float64, to below 1"
            )
        precision = others.data.get("precision", "float64")
        if 0 < size < _SMALLEST[precision]:
            text = f"must be at least {_SMALLEST[precision]:.2g}, the rounding of {precision}"
            raise ValueError(text)
        return size

    @property
    def is_random(self) -> bool:
        """Whether updates depend on the order of the samples, or on noise that follows it."""
        return True


def unperturbed(algorithm: dict[str, Any]) -> dict[str, Any]:
    """The algorithm, a block of config.yaml, from the start as it is.

    Edges are those of unperturbed starts: so a perturbed run is one that its edge has not seen.
    """
    return {key: value for key, value in algorithm.items() if key != "perturbation"}
