"""SGD on mini-batches of images, with what the state of the art adds (paper: section 4)."""

from typing import Annotated, Literal

from pydantic import Field

from sparsestep.fields import Closed, Float


class Spec(Closed):
    """theta <- theta - eta v,  v <- momentum v + grad L_B(theta) + weight_decay theta.

    L_B is the mean cross-entropy of the batch. Without options: the paper's "basic" setting.
    """

    kind: Literal["minibatch_sgd"]
    momentum: Annotated[Float, Field(ge=0, lt=1)] = Field(default=0.0, description="Polyak's")
    weight_decay: Annotated[Float, Field(ge=0)] = Field(
        default=0.0, description="lambda; of all parameters"
    )
    augment: bool = Field(
        default=False, description="random crops from a margin of 4 pixels, random mirror images"
    )
    label_noise: Annotated[Float, Field(ge=0, le=1)] = Field(
        default=0.0, description="probability that a label of a batch is replaced by a random class"
    )
