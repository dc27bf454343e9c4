"""Spec and inputs of what stands beside published values, and these for figures and verdicts."""

from typing import Any

from sparsestep.config.published import Published as Block
from sparsestep.plan.blocks import Spec
from sparsestep.plan.experiments import Experiments
from sparsestep.plan.inputs import described, paths_of

# Published values of an experiment: by run, by metric.
Values = dict[str, dict[str, float]]


class Published:
    """The published values of a checked config."""

    def __init__(self, blocks: list[Block], experiments: Experiments):
        self._blocks = blocks
        self._experiments = experiments

    def of(self, experiment: str, metrics: set[str] | None = None) -> Values:
        """Those of an experiment, of these metrics (of all, by default); {} where there is none."""
        found: Values = {}
        for block in self._blocks:
            for run, values in block.runs.items() if block.experiment == experiment else ():
                kept = {m: v for m, v in values.items() if metrics is None or m in metrics}
                if kept:
                    found[run] = found.get(run, {}) | kept
        return found

    def inputs(self) -> list[str]:
        """Measurement files of the experiments that they are compared with."""
        return paths_of(self._experiments.tables(self._compared()))

    def comparison(self) -> Spec:
        """What the job is told that compares them: values of the wanted experiments, reasons."""
        wanted = set(self._experiments.wanted)
        blocks = [_told(block) for block in self._blocks if block.experiment in wanted]
        tables = self._experiments.tables(self._compared())
        return {"published": blocks, "tables": described(tables)}

    def _compared(self) -> list[str]:
        """Wanted experiments that have published values, and those that some are shown by."""
        wanted = self._experiments.wanted
        asked = {block.experiment for block in self._blocks}
        for block in self._blocks:
            if block.experiment in wanted:
                asked |= {of.shown_by.experiment for of in block.outside if of.shown_by}
        return [name for name in wanted if name in asked]


def _told(block: Block) -> dict[str, Any]:
    """A block as JSON; values in a list, because canonical JSON sorts the keys of an object."""
    values = [[run, *value] for run, of_run in block.runs.items() for value in of_run.items()]
    return {**block.model_dump(mode="json", exclude={"runs"}), "values": values}
