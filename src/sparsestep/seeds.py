"""Seeds of the replicates: replicate 0 uses the published seeds, the others documented ones."""

from typing import Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, Seed


class Seeds(Closed):
    """What every problem says about its randomness, all of which it holds."""

    data_seed: Seed = Field(description="seed of the data of replicate 0")
    init_seed: Seed = Field(
        default=0, description="seed of the initial parameters of replicate 0, if they are random"
    )
    order_seed: Seed = Field(description="seed of the sampling order of replicate 0")
    vary: list[Literal["data", "init", "order"]] = Field(
        default=["order"], description="what differs between the replicates"
    )

    def of(self, stream: Literal["data", "init", "order"], replicates: range) -> list[int]:
        """Seeds of a random stream: one a replicate, or a single one if the stream is shared."""
        seed = getattr(self, f"{stream}_seed")
        if stream not in self.vary:
            return [seed]
        return [replicate_seed(seed, replicate) for replicate in replicates]


def replicate_seed(seed: int, replicate: int) -> int:
    """Seed of a replicate, an integer in [0, 2^32).

    Replicate 0 uses `seed` itself: the published run. Replicate r > 0 uses the first 32-bit word
    that `numpy.random.SeedSequence([seed, r])` generates, which NumPy keeps stable across versions.
    """
    if replicate == 0:
        return seed
    return int(np.random.SeedSequence([seed, replicate]).generate_state(1)[0])
