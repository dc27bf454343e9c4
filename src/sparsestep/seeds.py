"""Seeds of the replicates: replicate 0 uses the published seed, the others a documented one."""

import numpy as np


def replicate_seed(seed: int, replicate: int, varies: bool = True) -> int:
    """Seed of one random stream of a replicate, an integer in [0, 2^32).

    Replicate 0, and every replicate of a stream that does not vary, uses `seed` itself: the
    published run. Replicate r > 0 uses the first 32-bit word that
    `numpy.random.SeedSequence([seed, r])` generates, which NumPy keeps stable across versions.
    """
    if replicate == 0 or not varies:
        return seed
    return int(np.random.SeedSequence([seed, replicate]).generate_state(1)[0])
