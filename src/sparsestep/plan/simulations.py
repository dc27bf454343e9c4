"""Specs, inputs and paths of simulations and their short tables."""

from sparsestep import registry
from sparsestep.artifacts.identity import identity
from sparsestep.fields import Closed
from sparsestep.plan import paths
from sparsestep.plan.blocks import Spec, by_kind, dump, find
from sparsestep.plan.inputs import Input


class Simulations:
    """Specs, paths and inputs of the simulations of a checked config."""

    def __init__(self, blocks: dict[str, Closed]):
        self.blocks = blocks

    def simulation(self, name: str) -> Spec:
        """What decides a simulation's table: its block of config.yaml."""
        return dump(find(self.blocks, name, "simulation"))

    def path(self, name: str) -> str:
        """File with the table of a simulation."""
        simulation_id = identity(self.simulation(name))
        return paths.SIMULATION.format(simulation=name, simulation_id=simulation_id)

    def paths(self) -> list[str]:
        """The table of every simulation, in config order."""
        return [self.path(name) for name in self.blocks]

    def summarised(self) -> list[str]:
        """Names of the simulations that have a short table."""
        with_table = registry.kinds("summary")
        return [name for name, block in self.blocks.items() if block.kind in with_table]

    def short_table_paths(self) -> list[str]:
        """The short table of each simulation that has one."""
        return [paths.SHORT_TABLE.format(simulation=name) for name in self.summarised()]

    def summarised_by_kind(self) -> dict[str, list[str]]:
        """Names of the simulations that have a short table, by kind."""
        return by_kind({name: self.blocks[name] for name in self.summarised()})

    def output_paths(self) -> list[str]:
        """Every file that some job of a simulation writes."""
        return [*self.paths(), *self.short_table_paths()]

    def table(self, name: str) -> Input:
        """The table of a simulation: simulation."""
        return Input(self.path(name), (name,), identity(self.simulation(name)))
