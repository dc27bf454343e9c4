"""Points of sweeps on images: each is trained as a run is, and its end is measured.

A point's trajectory lies where that of the run lies whose keys it changes, under an id of its own:
a point that is that run itself, or a point of another sweep, is trained once.
"""

import functools
from typing import NamedTuple

from sparsestep.artifacts.identity import identity
from sparsestep.config.blocks import Experiment
from sparsestep.errors import ConfigError
from sparsestep.plan import batches, datasets, paths
from sparsestep.plan.blocks import Spec
from sparsestep.plan.experiments import Experiments
from sparsestep.plan.key_sweeps import KeySweeps


class Trained(NamedTuple):
    """A point: what decides its trajectory but for the replicates, the identity, the experiment."""

    spec: Spec
    run_id: str
    experiment: Experiment

    @property
    def dataset_path(self) -> str:
        """File with the data set that it is trained and measured on."""
        return datasets.path(self.experiment.problem.dataset)

    def snapshots_mb(self, batch: str) -> int:
        """Size of its snapshots in MB (10^6 bytes), for a batch of replicates."""
        return self.experiment.family.snapshots_mb(self.experiment, batches.size(batch))


class ImageSweeps:
    """Trajectories of networks on images: those of runs, and of points beside them.

    A job trains what has the run's name in its path: the run, or a point with an id of its own.
    """

    def __init__(self, sweeps: KeySweeps, experiments: Experiments):
        self._sweeps = sweeps
        self._experiments = experiments

    @functools.cache
    def points(self, name: str) -> dict[str, Trained]:
        """The point of each chunk of a sweep on images."""
        found = {}
        points = zip(self._sweeps.chunks(name), self._sweeps.points(name), strict=True)
        for place, (chunk, point) in enumerate(points):
            spec = self._sweeps.point_blocks(name, place)
            del spec["measure"]
            found[chunk] = Trained(spec, identity(spec), point.experiment)
        return found

    def point(self, name: str, chunk: str) -> Trained:
        """The point of a chunk; raises ConfigError where config.yaml has none of this id."""
        known = self.points(name)
        if chunk not in known:
            raise ConfigError(f"sweeps.{name} has no chunk {chunk}")
        return known[chunk]

    def trajectory_path(self, name: str, chunk: str, batch: str) -> str:
        """File with the Trajectory of the point of a chunk."""
        entry = self._sweeps.blocks[name]
        run_id = self.point(name, chunk).run_id
        return paths.TRAJECTORY.format(
            experiment=entry.experiment, run=entry.run, run_id=run_id, batch=batch
        )

    def trajectory_paths(self) -> list[str]:
        """Every file with a Trajectory that the sweeps read."""
        return [
            self.trajectory_path(name, chunk, batch)
            for name in self._names()
            for chunk in self.points(name)
            for batch in self._sweeps.batches(name)
        ]

    def dataset_paths(self) -> list[str]:
        """File with the data set of every point, which need not be that of its experiment."""
        return [of.dataset_path for name in self._names() for of in self.points(name).values()]

    def spec(self, experiment: str, run: str, run_id: str, batch: str) -> Spec:
        """What decides a trajectory; raises ConfigError where config.yaml has none of this id."""
        known = [self._sweeps.batches(name) for name in self._with(experiment, run, run_id)]
        if self._is_run(experiment, run, run_id):
            spec = self._experiments.run(experiment, run)
            known.append(self._experiments.batches(experiment))
        else:
            spec = self._point(experiment, run, run_id).spec
        batches.require(experiment, batch, *known)
        return batches.with_replicates(spec, batch)

    def dataset_path(self, experiment: str, run: str, run_id: str) -> str:
        """File with the data set that it is trained on."""
        if self._is_run(experiment, run, run_id):
            return self._experiments.dataset_path(experiment, run)
        return self._point(experiment, run, run_id).dataset_path

    def snapshots_mb(self, experiment: str, run: str, run_id: str, batch: str) -> int:
        """Size of its snapshots in MB (10^6 bytes); of a run, that of the largest beside it."""
        if self._is_run(experiment, run, run_id):
            return self._experiments.snapshots_mb(experiment, batch)
        return self._point(experiment, run, run_id).snapshots_mb(batch)

    def _is_run(self, experiment: str, run: str, run_id: str) -> bool:
        return run_id == self._experiments.run_id(experiment, run)

    def _point(self, experiment: str, run: str, run_id: str) -> Trained:
        for name in self._with(experiment, run, run_id):
            return self._by_id(name)[run_id]
        current = self._experiments.run_id(experiment, run)
        raise ConfigError(f"id {run_id} does not follow from config.yaml; now it is {current}")

    def _with(self, experiment: str, run: str, run_id: str) -> list[str]:
        """Sweeps of a run of which a point has this id."""
        of = (experiment, run)
        blocks = self._sweeps.blocks
        names = [
            name for name in self._names() if (blocks[name].experiment, blocks[name].run) == of
        ]
        return [name for name in names if run_id in self._by_id(name)]

    @functools.cache
    def _by_id(self, name: str) -> dict[str, Trained]:
        return {point.run_id: point for point in self.points(name).values()}

    def _names(self) -> list[str]:
        return [name for name in self._sweeps.blocks if self._sweeps.is_of_images(name)]
