"""Specs and inputs of summary, verdicts and report."""

import functools

from sparsestep import metrics
from sparsestep.artifacts.identity import identity
from sparsestep.config.claims import Claims, compared
from sparsestep.plan import remarks
from sparsestep.plan.blocks import Spec, dump, dumped
from sparsestep.plan.experiments import Experiments
from sparsestep.plan.figures import Figures
from sparsestep.plan.inputs import described, paths_of
from sparsestep.plan.published import Published
from sparsestep.plan.simulations import Simulations
from sparsestep.plan.sweeps import Sweeps


class Report:
    """Specs and inputs of what is said of all experiments of a checked config together."""

    def __init__(
        self,
        experiments: Experiments,
        sweeps: Sweeps,
        simulations: Simulations,
        figures: Figures,
        published: Published,
    ):
        self._published = published
        self._experiments = experiments
        self._sweeps = sweeps
        self._simulations = simulations
        self._figures = figures

    def summary(self) -> Spec:
        """What the summary's job is told: which table is of which run, and what is perturbed."""
        found = {name: self._experiments.perturbed(name) for name in self._experiments.wanted}
        perturbed = {name: runs for name, runs in found.items() if runs}
        return {"tables": described(self._experiments.tables()), "perturbed": perturbed}

    def claims_inputs(self) -> list[str]:
        """Measurement files of the experiments that claim something."""
        return paths_of(self._experiments.tables(self._claiming()))

    def claims(self) -> Spec:
        """What the verdicts' job is told: what each experiment claims, and about which runs."""
        shown = []
        for name in self._claiming():
            entry = self._experiments.block(name)
            parts = {"iterations": entry.iterations, "claims": dump(entry.claims)}
            if entry.claims.trend:
                parts["ratios"] = entry.claims.ratios()
            if values := self._published.of(name):
                parts["published"] = values
            shown.append({"name": name, **parts, "runs": compared(entry)})
        tables = self._experiments.tables(self._claiming())
        return {"experiments": shown, "tables": described(tables)}

    @functools.cache
    def remarks(self) -> list[str]:
        """What a user should know before anything runs, a line each."""
        blocks = self._experiments.blocks
        return [line for name in self._claiming() for line in remarks.of_claims(name, blocks[name])]

    def report(self) -> Spec:
        """What the report's job is told: figures, experiments and runs in config order."""
        # Lists, because canonical JSON sorts the keys of an object.
        blocks = dumped(self._figures.blocks)
        figures = [
            {"name": name, **blocks[name], "shows": self._shown_metrics(name)}
            for name in self._figures.wanted()
        ]
        shown = [self._displayed(name) for name in self._experiments.wanted]
        # Not there where there is nothing to say.
        said = {"remarks": lines} if (lines := self.remarks()) else {}
        return {
            **said,
            "figures": figures,
            "experiments": shown,
            "tables": self._simulations.summarised(),
            "simulations": dumped(self._simulations.blocks),
            "sweeps": dumped(self._sweeps.blocks),
            "settings": self.settings(),
            "metrics": metrics.describe_all(
                column
                for name in self._experiments.wanted
                for column in self._experiments.columns(name)
            )
            | metrics.describe_all(
                column for name in self._sweeps.wanted() for column in self._sweeps.columns(name)
            ),
        }

    def settings(self) -> dict[str, str]:
        """Ids of what decides results, by the name of a block of config.yaml.

        `experiments.<name>`, `sweeps.<name>` and `simulations.<name>` are of all that decides their
        results; `runs.<name>` leaves out how often an experiment is repeated and what is measured.
        """
        specs: dict[str, Spec] = {}
        for name, entry in self._experiments.blocks.items():
            runs = {run: self._experiments.run(name, run) for run in entry.runs}
            measured = {run: [spec, dumped(entry.measure)] for run, spec in runs.items()}
            specs[f"runs.{name}"] = runs
            specs[f"experiments.{name}"] = {"runs": measured, "replicates": entry.replicates}
        for name in self._sweeps.blocks:
            specs[f"sweeps.{name}"] = self._sweeps.settings(name)
        for name in self._simulations.blocks:
            specs[f"simulations.{name}"] = self._simulations.simulation(name)
        return {name: identity(spec) for name, spec in specs.items()}

    def _displayed(self, name: str) -> Spec:
        """How to show an experiment, and where it and each run with a T of its own end."""
        display, last = self._experiments.display(name), self._experiments.last_snapshot
        runs = {
            run: {**of, "last_snapshot": last(name, run)} if "iterations" in of else of
            for run, of in display["runs"].items()
        }
        return {"name": name, **display, "runs": runs, "last_snapshot": last(name)}

    def _claiming(self) -> list[str]:
        entries = self._experiments.blocks
        return [name for name in self._experiments.wanted if entries[name].claims != Claims()]

    def _shown_metrics(self, figure: str) -> list[tuple[str, str]]:
        return sorted(set(self._figures.block(figure).metrics().values()))
