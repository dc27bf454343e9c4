"""Simulations: small numerical experiments that train no network."""

from typing import TYPE_CHECKING

from sparsestep import registry

# Reading config.yaml imports this package for the Specs of its modules.
if TYPE_CHECKING:
    import pandas as pd


def simulate(spec: dict, threads: int = 1) -> "pd.DataFrame":
    """The table of the simulation that `spec` (a block of config.yaml) describes.

    Its columns are those of the kind's module. The result does not depend on `threads`.
    """
    import pandas as pd

    module = registry.load("simulation", spec["kind"])
    return pd.DataFrame(module.simulate(module.Spec(**spec), threads))


def summarise(spec: dict, table: "pd.DataFrame") -> "pd.DataFrame":
    """The short table of a simulation for the report: one line a case, words for columns."""
    checked = registry.load("simulation", spec["kind"]).Spec(**spec)
    return registry.load("summary", spec["kind"]).summarise(checked, table)
