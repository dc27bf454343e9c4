"""Specs, chunks and paths of sweeps over keys: every point says by itself what it is."""

import functools
import json
from collections.abc import Iterator

from sparsestep.artifacts.identity import canonical_json, identity
from sparsestep.config import sweep_points
from sparsestep.config.sweep_points import Point
from sparsestep.plan import batches, costs
from sparsestep.plan.blocks import Spec, dump, dumped
from sparsestep.plan.chunks import Chunks
from sparsestep.plan.inputs import Input

# What a job computes in about ten seconds on one core; part of what decides the chunks' ids, as are
# the others. A spec is part of a command, which Linux limits to 131072 bytes.
SECONDS_PER_JOB = 10.0
POINTS_PER_JOB = 500
CHARACTERS_PER_JOB = 50_000


class KeySweeps(Chunks):
    """Specs, chunks and paths of the sweeps over keys of a checked config."""

    @functools.cache
    def points(self, name: str) -> list[Point]:
        """Every point, the first key changing slowest."""
        entry = self.blocks[name]
        return list(sweep_points.points(entry, self._experiments.block(entry.experiment)))

    @functools.cache
    def sweep(self, name: str) -> Spec:
        """What the points differ from, and in which keys."""
        entry = self.blocks[name]
        base = self._experiments.run(entry.experiment, entry.run)
        return {"base": base, "measure": dumped(entry.measure), **self._options(name)}

    @functools.cache
    def chunks(self, name: str) -> dict[str, Spec]:
        """What decides the end values at the points that one job handles, by id.

        Values that are added behind those of the first key leave full chunks as they are.
        """
        found = {}
        for places in self._shared_out(name):
            spec = self._chunk(name, places)
            found[identity(spec)] = spec
        return found

    def point_blocks(self, name: str, place: int) -> Spec:
        """All that decides the end of a point, as a run's spec has it, `measure` with it."""
        return dict(self._point(name, place)["blocks"])

    def spec(self, name: str, chunk: str) -> Spec:
        """What decides the end values at a chunk's points, but for the replicates."""
        return self.chunks(name)[chunk]

    def is_of_images(self, name: str) -> bool:
        """Whether its points are networks on images, trained a point and replicate a job."""
        return self._experiments.block(self.blocks[name].experiment).family.name == "images"

    @functools.cache
    def shares_problem(self, name: str) -> bool:
        """Whether the points have the data, starts and orders of their run."""
        entry = self.blocks[name]
        of_run = self._experiments.problem(entry.experiment, entry.run)
        return all(
            self._point(name, place)["blocks"][key] == of_run[key]
            for place in range(len(self.points(name)))
            for key in of_run
        )

    def problem_paths(self, name: str, batch: str) -> list[str]:
        """File with the Problem of a batch, where all points share that of their run."""
        if self.is_of_images(name) or not self.shares_problem(name):
            return []
        entry = self.blocks[name]
        return [self._experiments.problem_path(entry.experiment, batch, entry.run)]

    def named_tables(self, name: str) -> list[Input]:
        """The same as a figure reads them, like the only run of an experiment: `sweeps.<name>`."""
        return [of._replace(names=(f"sweeps.{name}", "")) for of in self.tables(name)]

    def _options(self, name: str) -> Spec:
        entry = self.blocks[name]
        return {"over": list(entry.over), "edges": entry.edges, "average": entry.average}

    def _shared_out(self, name: str) -> Iterator[range]:
        """Places of the points of each job, by estimated cost; one a job of those on images."""
        points, first, cost, length = self.points(name), 0, 0.0, 0
        if self.is_of_images(name):
            yield from (range(place, place + 1) for place in range(len(points)))
            return
        experiment = self._experiments.block(self.blocks[name].experiment)
        replicates = batches.full(experiment)
        for place in range(len(points)):
            own = replicates * self._seconds(name, place)
            told = len(json.dumps(self._point(name, place)))
            is_full = cost + own > SECONDS_PER_JOB or length + told > CHARACTERS_PER_JOB
            if place > first and (is_full or place - first == POINTS_PER_JOB):
                yield range(first, place)
                first, cost, length = place, 0.0, 0
            cost, length = cost + own, length + told
        yield range(first, len(points))

    def _seconds(self, name: str, place: int) -> float:
        of = self.points(name)[place]
        needs_edges = "edge" in self._point(name, place)["blocks"]
        return costs.seconds(of.experiment, of.run, needs_edges)

    def _chunk(self, name: str, places: range) -> Spec:
        """The spec of these points, for which what all have in common stands once."""
        told = [self._point(name, place) for place in places]
        blocks = [point["blocks"] for point in told]
        common = {
            key: block
            for key, block in blocks[0].items()
            if all(canonical_json(each[key]) == canonical_json(block) for each in blocks)
        }
        shown = [
            {
                "values": point["values"],
                "blocks": {k: v for k, v in point["blocks"].items() if k not in common},
            }
            for point in told
        ]
        return {**self._options(name), "common": common, "points": shown}

    @functools.cache
    def _point(self, name: str, place: int) -> Spec:
        values = self.points(name)[place].values
        told = {key: sweep_points.told(value) for key, value in values.items()}
        return {"values": told, "blocks": self._blocks(name, place)}

    def _blocks(self, name: str, place: int) -> Spec:
        """All that decides a point's end values, as a run's spec has it, and how edges are found.

        The last for those alone that ask for edges.
        """
        of = self.points(name)[place]
        run, experiment = of.experiment.runs[of.run], of.experiment
        needs_edges = self.blocks[name].edges or run.is_relative
        edge = {"edge": dump(experiment.edge)} if needs_edges else {}
        return {
            "problem": dump(experiment.problem),
            "model": dump(experiment.model),
            "iterations": experiment.iterations,
            "algorithm": dump(run.algorithm),
            "schedule": dump(run.schedule),
            "snapshots": dump(experiment.snapshots),
            "measure": dumped(experiment.measure),
            **edge,
        }
