"""What figures, tables, verdicts and report are made from, and where they lie."""

from typing import Any

from sparsestep import registry
from sparsestep.artifacts.identity import canonical_json, identity
from sparsestep.config import claims
from sparsestep.config.claims import Claims
from sparsestep.errors import ConfigError
from sparsestep.fields import Closed
from sparsestep.figures.specs.base import FigureSpec
from sparsestep.plan.experiments import Spec, dumped
from sparsestep.plan.sweeps import Sweeps
from sparsestep.training import snapshot_iterations


class Figures(Sweeps):
    """Inputs, paths and specs of what a config's figures and tables show."""

    def simulation(self, name: str) -> Spec:
        """What decides a simulation's table: its block of config.yaml."""
        if name not in self.simulations:
            raise ConfigError(f"config.yaml has no simulation {name!r}")
        return self.simulations[name].model_dump(mode="json")

    def simulation_path(self, name: str) -> str:
        """File with the table of a simulation."""
        return f"results/simulations/{name}-{identity(self.simulation(name))}.parquet"

    def simulation_paths(self) -> list[str]:
        """The table of every simulation, in config order."""
        return [self.simulation_path(name) for name in self.simulations]

    def summary_paths(self) -> list[str]:
        """Short tables of the simulations that have one."""
        return [f"results/tables/{name}.csv" for name in self._summarised()]

    def summaries_by_kind(self) -> dict[str, list[str]]:
        """Names of the simulations that have a short table, by kind."""
        return _by_kind(self._summarised())

    def output_paths(self) -> list[str]:
        """Every file that some target makes, of experiments on demand too."""
        paths = [*self.measurement_paths(list(self.experiments))]
        for name, entry in self.experiments.items():
            for batch in self.batches(name):
                problem = self.images_path(name) if self.is_of_images(name) else None
                paths.append(problem or self.problem_path(name, batch))
                for run in entry.runs:
                    paths.append(self.trajectory_path(name, run, batch))
                    paths += self.edges_path(name, run, batch)
        for name in self.sweeps:
            paths += [*self.sweep_paths(name), f"results/sweeps/{name}.csv"]
            paths += [self.sweep_problem_path(name, batch) for batch in self.sweep_batches(name)]
            paths += [path for path, *_ in self._sweep_edges_tables(name)]
        paths += self.simulation_paths() + self.summary_paths()
        return [*paths, *self.figure_paths(list(self.figures))]

    def figure_inputs(self, figure: str) -> dict[str, list[str]]:
        """Files a figure is drawn from, by what they hold; see `figures.sources.read_sources`."""
        return {what: [path for path, *_ in of] for what, of in self._sources(figure).items()}

    def figure_paths(self, names: list[str] | None = None) -> list[str]:
        """These figures (all that are wanted, by default) in all their formats."""
        return [
            f"results/figures/{name}.{suffix}"
            for name in (self.wanted_figures() if names is None else names)
            for suffix in self.figure_formats(self.figures[name].kind)
        ]

    def wanted_figures(self) -> list[str]:
        """Figures of which every experiment and sweep is wanted, in config order."""
        wanted, sweeps = set(self.wanted), set(self.wanted_sweeps())
        specs = {name: self._figure(name) for name in self.figures}
        return [
            name
            for name, spec in specs.items()
            if wanted.issuperset(spec.experiments()) and sweeps.issuperset(spec.sweeps().values())
        ]

    def experiment_paths(self, experiment: str) -> list[str]:
        """Measurements of one experiment, and the figures that show it and no other."""
        shown = [n for n in self.figures if self._figure(n).experiments() == [experiment]]
        return [*self.measurement_paths([experiment]), *self.figure_paths(shown)]

    def shown_figure_paths(self) -> list[str]:
        """Every figure in the format that the report shows."""
        return [
            f"results/figures/{name}.{self.figure_formats(self.figures[name].kind)[0]}"
            for name in self.wanted_figures()
        ]

    def figure_formats(self, kind: str) -> tuple[str, ...]:
        """File formats of a kind of figure; the report shows the first."""
        return registry.load("figure", kind).Spec.FORMATS

    def figures_by_kind(self) -> dict[str, list[str]]:
        """Names of the figures of each kind that config.yaml has."""
        return _by_kind(self.figures)

    def claims_inputs(self) -> list[str]:
        """Measurement files of the experiments that claim something."""
        return [path for path, *_ in self._tables(self._claiming())]

    def figure_spec(self, wildcards: Any) -> str:
        """`spec` of a figure job: the figure's entry, and how to name and colour the runs."""
        name = wildcards.figure
        shown = {e: self.display(e) for e in self._figure(name).experiments()}
        sources = {what: [names for _, *names in of] for what, of in self._sources(name).items()}
        # The caption stands in the report, not in the figure.
        figure = self._figure(name).model_dump(mode="json", exclude={"caption"})
        parts = {"figure": figure, "experiments": shown, "sources": sources}
        return canonical_json(parts | self._loaded(name))

    def settings(self) -> dict[str, str]:
        """Id of all that decides the results, by experiments.<name>, sweeps.<name>, and so on."""
        specs: dict[str, Spec] = {}
        for name, entry in self.experiments.items():
            runs = {run: [self.run(name, run), dumped(entry.measure)] for run in entry.runs}
            specs[f"experiments.{name}"] = {"runs": runs, "replicates": entry.replicates}
        for name, entry in self.sweeps.items():
            parts = {"points": entry.points(), "replicates": entry.replicates}
            specs[f"sweeps.{name}"] = {**self.sweep(name), **parts}
        specs |= {f"simulations.{name}": self.simulation(name) for name in self.simulations}
        return {name: identity(spec) for name, spec in specs.items()}

    def summary_spec(self, wildcards: Any) -> str:
        """`spec` of the summary job: which table belongs to which experiment and run."""
        return canonical_json({"tables": [names for _, *names in self._tables()]})

    def claims_spec(self, wildcards: Any) -> str:
        """`spec` of the claims job: what each experiment claims, and about which runs."""
        shown = [
            {
                "name": name,
                "iterations": self._entry(name).iterations,
                "claims": self._entry(name).claims.model_dump(mode="json"),
                "runs": claims.compared(self._entry(name)),
            }
            for name in self._claiming()
        ]
        tables = [names for _, *names in self._tables(self._claiming())]
        return canonical_json({"experiments": shown, "tables": tables})

    def report_spec(self, wildcards: Any) -> str:
        """`spec` of the report job: figures, experiments and runs in config order."""
        # Lists, because canonical JSON sorts the keys of an object.
        blocks = dumped(self.figures)
        figures = [
            {"name": name, **blocks[name], "shows": self._shown_metrics(name)}
            for name in self.wanted_figures()
        ]
        shown = [
            {"name": name, **self.display(name), "last_snapshot": self._last_snapshot(name)}
            for name in self.wanted
        ]
        parts = {"figures": figures, "experiments": shown, "tables": list(self._summarised())}
        parts |= {"simulations": dumped(self.simulations), "sweeps": dumped(self.sweeps)}
        return canonical_json(parts | {"settings": self.settings()})

    def _summarised(self) -> dict[str, Closed]:
        with_table = registry.kinds("summary")
        return {name: s for name, s in self.simulations.items() if s.kind in with_table}

    def _shown_metrics(self, figure: str) -> list[tuple[str, str]]:
        return sorted(set(self.figures[figure].metrics().values()))

    def _last_snapshot(self, experiment: str) -> int:
        entry = self._entry(experiment)
        return int(
            snapshot_iterations(entry.iterations, entry.snapshots.model_dump(mode="json"))[-1]
        )

    def _claiming(self) -> list[str]:
        return [name for name in self.wanted if self._entry(name).claims != Claims()]

    def _figure(self, figure: str) -> FigureSpec:
        if figure not in self.figures:
            raise ConfigError(f"config.yaml has no figure {figure!r}")
        return self.figures[figure]

    def _loaded(self, figure: str) -> dict[str, list]:
        """`loads`, (role, kind) of what a figure of trajectories on images loads, for its `code`.

        Other figures import the modules that they need; their specs have no such key.
        """
        found = set()
        for name, _ in self._figure(figure).trajectories().values():
            if self.is_of_images(name):
                entry = self._entry(name)
                model = entry.model.kind
                found |= {("model", model), ("network", model)}
                found.add(("dataset", entry.problem.dataset))
        return {"loads": sorted(found)} if found else {}

    def _sources(self, figure: str) -> dict[str, list[tuple[str, ...]]]:
        """(path, experiment, run, id of the spec) of all that a figure needs; problems: no run."""
        spec = self._figure(figure)
        runs = {
            (name, run): None
            for name, wanted in spec.trajectories().values()
            for run in (self._entry(name).runs if wanted is None else [wanted])
        }
        return {
            "tables": self._tables(spec.tables()),
            "problems": [
                self._first_problem(name)
                for name in dict(list(runs))
                if not self.is_of_images(name)
            ],
            "trajectories": [self._first_trajectory(name, run) for name, run in runs],
            "simulations": [
                (self.simulation_path(name), name, identity(self.simulation(name)))
                for name, _ in spec.simulations().values()
            ],
            "sweeps": [of for name in spec.sweeps().values() for of in self._sweep_tables(name)],
            "edges": [
                of for name in spec.sweeps().values() for of in self._sweep_edges_tables(name)
            ],
        }

    def _first_problem(self, name: str) -> tuple[str, str, str]:
        batch = self.batches(name)[0]
        made_from = self._batched(self.problem(name), name, batch)
        return self.problem_path(name, batch), name, identity(made_from)

    def _first_trajectory(self, name: str, run: str) -> tuple[str, str, str, str]:
        batch = self.batches(name)[0]
        made_from = self._batched(self.run(name, run), name, batch)
        return self.trajectory_path(name, run, batch), name, run, identity(made_from)

    def display(self, experiment: str) -> Spec:
        """How to name and colour the runs of an experiment, and its scale of time."""
        entry = self._entry(experiment)
        runs = {
            name: {
                "label": run.label,
                "colour": run.colour,
                "schedule": self.scheduled(experiment, name).schedule.model_dump(mode="json"),
            }
            for name, run in entry.runs.items()
        }
        epochs = {} if entry.epochs is None else {"epochs": entry.epochs}
        return {
            **epochs,
            "title": entry.title,
            "iterations": entry.iterations,
            "replicates": entry.replicates,
            # A list, because canonical JSON sorts the keys of an object.
            "order": list(runs),
            "runs": runs,
        }


def _by_kind(blocks: dict[str, Closed]) -> dict[str, list[str]]:
    """Names of the blocks of each kind."""
    kinds: dict[str, list[str]] = {}
    for name, block in blocks.items():
        kinds.setdefault(block.kind, []).append(name)
    return kinds
