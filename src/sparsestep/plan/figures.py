"""Specs, inputs and paths of figures."""

from sparsestep import metrics, registry
from sparsestep.config import swept
from sparsestep.figures.specs.base import FigureSpec
from sparsestep.figures.specs.over_keys import OverKeys
from sparsestep.plan import axes, paths
from sparsestep.plan.blocks import Spec, by_kind, find
from sparsestep.plan.experiments import Experiments
from sparsestep.plan.inputs import Input, described, paths_of
from sparsestep.plan.published import Published
from sparsestep.plan.simulations import Simulations
from sparsestep.plan.sweeps import Sweeps


class Figures:
    """Specs, inputs and paths of the figures of a checked config."""

    def __init__(
        self,
        blocks: dict[str, FigureSpec],
        experiments: Experiments,
        sweeps: Sweeps,
        simulations: Simulations,
        published: Published,
    ):
        self.blocks = blocks
        self._published = published
        self._experiments = experiments
        self._sweeps = sweeps
        self._simulations = simulations

    def block(self, figure: str) -> FigureSpec:
        """The checked block of a figure; raises ConfigError where there is none."""
        return find(self.blocks, figure, "figure")

    def wanted(self) -> list[str]:
        """Figures of which every experiment and sweep is wanted, in config order."""
        experiments, sweeps = set(self._experiments.wanted), set(self._sweeps.wanted())
        return [
            name
            for name, spec in self.blocks.items()
            if experiments.issuperset(spec.experiments())
            and sweeps.issuperset(spec.sweeps().values())
        ]

    def paths(self, names: list[str] | None = None) -> list[str]:
        """These figures (all that are wanted, by default) in all their formats."""
        return [
            paths.FIGURE.format(figure=name, suffix=suffix)
            for name in (self.wanted() if names is None else names)
            for suffix in self.formats(self.blocks[name].kind)
        ]

    def shown_paths(self) -> list[str]:
        """Every wanted figure in the format that the report shows."""
        return [
            paths.FIGURE.format(figure=name, suffix=self.formats(self.blocks[name].kind)[0])
            for name in self.wanted()
        ]

    def formats(self, kind: str) -> tuple[str, ...]:
        """File formats of a kind of figure; the report shows the first."""
        return registry.load("figure", kind).Spec.FORMATS

    def by_kind(self) -> dict[str, list[str]]:
        """Names of the figures of each kind that config.yaml has."""
        return by_kind(self.blocks)

    def of_experiment(self, experiment: str) -> list[str]:
        """The figures that show this experiment and no other."""
        return [name for name, of in self.blocks.items() if of.experiments() == [experiment]]

    def input_paths(self, figure: str) -> dict[str, list[str]]:
        """Files a figure is drawn from, by what they hold; see `figures.sources.read_sources`."""
        return {what: paths_of(of) for what, of in self.inputs(figure).items()}

    def inputs(self, figure: str) -> dict[str, list[Input]]:
        """All that a figure is drawn from, by what it is."""
        spec = self.block(figure)
        wanted = list(dict.fromkeys(spec.sweeps().values()))
        phases = [name for name in wanted if name in self._sweeps.phases.blocks]
        of_keys = [name for name in wanted if name in self._sweeps.keys.blocks]
        runs = self._runs_drawn(spec)
        with_problem = [
            name for name in dict(runs) if self._experiments.block(name).family.has_problem_file
        ]
        return {
            "tables": [
                *self._experiments.tables(spec.tables()),
                *(table for name in of_keys for table in self._sweeps.keys.named_tables(name)),
            ],
            "problems": [self._experiments.first_problem(name) for name in with_problem],
            "trajectories": [self._experiments.first_trajectory(*run) for run in runs],
            "simulations": [
                self._simulations.table(name) for name, _ in spec.simulations().values()
            ],
            "sweeps": [table for name in phases for table in self._sweeps.tables(name)],
            "edges": [of for name in phases for of in self._sweeps.phases.edges_tables(name)],
        }

    def figure(self, name: str) -> Spec:
        """What a figure's job is told: its entry, and how to name and colour the runs."""
        spec = self.block(name)
        parts = {
            # The caption stands in the report, not in the figure.
            "figure": self._resolved(spec).model_dump(mode="json", exclude={"caption"}),
            "experiments": {of: self._display(spec, of) for of in spec.experiments()},
            "sources": {what: described(of) for what, of in self.inputs(name).items()},
            "metrics": metrics.describe_all(self._columns(spec)),
        }
        return parts | self._loaded(spec)

    def _resolved(self, spec: FigureSpec) -> FigureSpec:
        """The figure, one over keys with what stands on its axes."""
        if not isinstance(spec, OverKeys):
            return spec
        of = {name: self._sweeps.block(name) for name in spec.sweeps().values()}
        keys = {name: swept.keys(sweep) for name, sweep in of.items()}
        return spec.resolved(keys, axes.words(list(of.values())))

    def _display(self, spec: FigureSpec, experiment: str) -> Spec:
        """How to show an experiment; with its published values, where the figure draws some."""
        shown = self._experiments.display(experiment)
        if not spec.SHOWS_PUBLISHED:
            return shown
        metrics = {metric for of, metric in spec.metrics().values() if of == experiment}
        values = self._published.of(experiment, metrics)
        return {**shown, "published": values} if values else shown

    def _runs_drawn(self, spec: FigureSpec) -> list[tuple[str, str]]:
        """(experiment, run) of the trajectories that a figure needs, once each."""
        found = {
            (name, run): None
            for name, wanted in spec.trajectories().values()
            for run in (self._experiments.block(name).runs if wanted is None else [wanted])
        }
        return list(found)

    def _columns(self, spec: FigureSpec) -> list[str]:
        """Names of all that may stand on an axis of a figure."""
        found = list(metrics.OF_ALL_FIGURES)
        for name in spec.experiments():
            found += self._experiments.columns(name)
        for name in spec.sweeps().values():
            found += self._sweeps.columns(name)
        return found

    def _loaded(self, spec: FigureSpec) -> dict[str, list[list[str]]]:
        """`loads`, (role, kind) of what a figure of trajectories on images loads, for its `code`.

        Other figures import the modules that they need; their specs have no such key.
        """
        found = set()
        for name, _ in spec.trajectories().values():
            entry = self._experiments.block(name)
            found |= set(entry.family.loaded(entry))
        return {"loads": [list(pair) for pair in sorted(found)]} if found else {}
