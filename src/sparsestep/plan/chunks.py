"""Sweeps of a form, whose points are shared out to jobs: batches of replicates, and files."""

import functools
from collections.abc import Mapping
from typing import Any

from sparsestep.artifacts.identity import identity
from sparsestep.errors import ConfigError
from sparsestep.plan import batches, paths
from sparsestep.plan.blocks import Spec, find
from sparsestep.plan.experiments import Experiments
from sparsestep.plan.inputs import Input


class Chunks:
    """Base of the sweeps of one form: what follows from how points are shared out to jobs."""

    def __init__(self, blocks: Mapping[str, Any], experiments: Experiments):
        self.blocks = blocks
        self._experiments = experiments

    def block(self, name: str) -> Any:
        """The checked block of a sweep; raises ConfigError where there is none."""
        return find(self.blocks, name, "sweep")

    def sweep(self, name: str) -> Spec:
        """What all points of a sweep have in common, whose id is in the folder's name."""
        raise NotImplementedError

    def chunks(self, name: str) -> Mapping[str, Any]:
        """What one job handles, by id."""
        raise NotImplementedError

    def spec(self, name: str, chunk: str) -> Spec:
        """What decides the end values at a chunk's points, but for the replicates."""
        raise NotImplementedError

    def chunk(self, name: str, chunk: str, batch: str) -> Spec:
        """What decides the end values at a chunk's points for a batch of replicates."""
        if chunk not in self.chunks(name) or batch not in self.batches(name):
            raise ConfigError(f"sweeps.{name} has no chunk {chunk} of replicates {batch}")
        return batches.with_replicates(self.spec(name, chunk), batch)

    @functools.cache
    def batches(self, name: str) -> list[str]:
        """Path parts "first-last" of the replicates that one job handles."""
        entry = self.block(name)
        return batches.split(self._experiments.block(entry.experiment), entry.replicates)

    def tables(self, name: str) -> list[Input]:
        """Every file with end values of a sweep: sweep."""
        found = []
        for chunk in self.chunks(name):
            for batch in self.batches(name):
                path = paths.SWEEP.format(
                    sweep=name, sweep_id=self._sweep_id(name), chunk=chunk, batch=batch
                )
                found.append(Input(path, (name,), identity(self.chunk(name, chunk, batch))))
        return found

    @functools.cache
    def _sweep_id(self, name: str) -> str:
        return identity(self.sweep(name))
