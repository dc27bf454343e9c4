"""The blocks of config.yaml that have no `kind`, described field by field."""

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from sparsestep.config import families, kinds
from sparsestep.config.claims import Claims
from sparsestep.config.published import Published
from sparsestep.config.sweeps import Sweep
from sparsestep.fields import AddedField, Closed, Colour, Fraction, Name, OfEdge, PositiveInt
from sparsestep.figures.specs.text import ShownText
from sparsestep.images.compute import Compute
from sparsestep.mistakes import Mistake, describe, told


class Snapshots(Closed):
    """Iterations before whose update the parameters are kept."""

    # Where the snapshots are is worked out before the first job; a million take milliseconds.
    first: Annotated[PositiveInt, Field(le=10**6)] = Field(
        default=100, description="every iteration below this one"
    )
    # With two points, 0 and T, nothing but the first iterations would be kept.
    evenly_spaced: Annotated[PositiveInt, Field(ge=3, le=10**6)] = Field(
        default=250, description="points k T / (this - 1) below T"
    )
    last: bool = AddedField(default=False, description="also the parameters after the last update")
    bfloat16: bool = AddedField(
        default=False, description="two bytes a number instead of four; of networks on images"
    )


class Edge(Closed):
    """How the edge is found, for step sizes written as {of_edge: 0.95}."""

    horizon: Fraction = Field(default=0.5, description="must survive this fraction of T")
    # Below the bracket about 0.2 / tolerance more step sizes are tried, a training each.
    tolerance: Annotated[Fraction, Field(ge=1e-4)] = Field(
        default=0.01, description="relative width of the final bracket"
    )
    survive: Literal["finite", "alive"] = Field(
        default="finite",
        description="finite: not diverged; alive: and the output still depends on the input",
    )


# Blocks of an experiment in which a run may differ, and numbers that say how long it is.
OWN_BLOCKS = ("problem", "model", "snapshots", "edge")
OWN_NUMBERS = ("iterations", "epochs")


class Run(Closed):
    """An experiment trained with one algorithm and schedule, which may differ in other parts too.

    Of blocks a user writes the differences; read, a block is whole. A part is None where it is the
    experiment's. Fractions of T, as a schedule's, are of the run's own T.
    """

    algorithm: kinds.Algorithm = Field(
        default={"kind": "sgd"}, validate_default=True, description="what an update is"
    )
    schedule: kinds.Schedule | None = Field(
        default=None,
        description="the step size as a function of the iteration; not where another run gives it",
    )
    problem: kinds.Problem | None = AddedField(
        default=None, description="what differs from the experiment's"
    )
    model: kinds.Model | None = AddedField(
        default=None, description="what differs from the experiment's"
    )
    snapshots: Snapshots | None = AddedField(
        default=None, description="what differs from the experiment's"
    )
    edge: Edge | None = AddedField(default=None, description="what differs from the experiment's")
    iterations: PositiveInt | None = AddedField(
        default=None, description="T, where it is not the experiment's"
    )
    epochs: PositiveInt | None = AddedField(
        default=None, description="instead of iterations, where the experiment has epochs"
    )
    label: ShownText | None = Field(default=None, description="legend text (display only)")
    colour: Colour | None = Field(default=None, description="as #rrggbb (display only)")

    @property
    def followed(self) -> str | None:
        """Name of the run that this one is `of`, by its algorithm's option; None for most."""
        return getattr(self.algorithm, "of", None)

    @property
    def is_relative(self) -> bool:
        """Whether its step sizes are fractions of each replicate's edge."""
        return isinstance(getattr(self.schedule, "step_size", None), OfEdge)


class Experiment(Closed):
    """A problem, a model, some runs, and what to measure."""

    title: ShownText = Field(default="", description="heading in figures and report (display only)")
    # These three are gone, written out, when an experiment is read (`inheritance.py`).
    like: None = AddedField(default=None, description="experiment that this one starts from")
    algorithm: None = AddedField(default=None, description="what its runs' algorithms start from")
    schedule: None = AddedField(default=None, description="what its runs' schedules start from")
    replicates: Annotated[PositiveInt, Field(le=10_000, description="seeds, counted from 0")]
    replicates_per_job: Annotated[PositiveInt, Field(le=10_000)] | None = AddedField(
        default=None, description="how many one job trains (16), for many short runs; not of images"
    )
    iterations: PositiveInt | None = Field(default=None, description="T, updates of a run")
    epochs: PositiveInt | None = Field(
        default=None, description="instead of iterations, where the problem has epochs"
    )
    on_demand: bool = Field(
        default=False,
        description="not part of `snakemake` without a target, unless `enabled` names it",
    )
    problem: kinds.Problem = Field(description="data, initial parameters, sampling order")
    model: kinds.Model = Field(description="the network")
    edge: Edge = Field(default=Edge(), description="how the edge is found, where a run asks for it")
    # Left out, those of the experiment's family.
    snapshots: Snapshots | None = Field(default=None, description="when to keep parameters")
    runs: Annotated[dict[Name, Run], Field(min_length=1, description="by name")]
    measure: kinds.Measure = Field(description="measurements and their options")
    claims: Claims = Field(
        default=Claims(), description="which statements are tested (display only)"
    )

    @property
    def family(self) -> families.Family:
        """What networks on vectors and networks on images do differently."""
        return families.family_of(self.problem)

    def own_parts(self, run: str) -> dict[str, Any]:
        """Blocks and numbers in which a run, or the one that it follows, differs from the rest."""
        of = self.runs[self.runs[run].followed or run]
        found = {key: getattr(of, key) for key in (*OWN_BLOCKS, *OWN_NUMBERS)}
        return {
            key: part
            for key, part in found.items()
            if part is not None and part != getattr(self, key)
        }

    def variants(self) -> list["Experiment"]:
        """The experiment, and that of each run which has parts of its own."""
        return [self, *(self.of_run(name) for name in self.runs if self.own_parts(name))]

    def of_run(self, run: str) -> "Experiment":
        """The experiment of a run alone (and of the run that it follows): with its own parts."""
        own = self.own_parts(run)
        if not own:
            return self
        names = (self.runs[run].followed, run)
        kept = {name: self.runs[name] for name in names if name is not None}
        measure = self.measure
        if "model" in own and own["model"].kind != self.model.kind:
            raw = {name: block.model_dump(mode="json") for name, block in measure.items()}
            measure = kinds.resolve_measure(raw, own["model"])
        return self.model_copy(update={**own, "runs": kept, "measure": measure})

    def perturbation(self, run: str) -> float:
        """Size of the perturbation of a run's starts; 0 for most, and for networks on images."""
        return getattr(self.runs[run].algorithm, "perturbation", 0.0)

    def has_copies(self, run: str) -> bool:
        """Whether the replicates of a run differ in nothing but a perturbation of their starts."""
        if not self.perturbation(run):
            return False
        seen = {"data", "init", "order"} if self.runs[run].algorithm.is_random else {"data", "init"}
        return not seen.intersection(self.problem.vary)

    @model_validator(mode="wrap")
    @classmethod
    def _kinds_that_go_together(
        cls, block: Any, check: ModelWrapValidatorHandler["Experiment"]
    ) -> "Experiment":
        wrong = families.wrong_kinds(block) if isinstance(block, dict) else {}
        found = [Mistake(path, text) for path, text in wrong.items()]
        try:
            experiment = check(block)
        except ValidationError as error:
            # What is known without the others has fewer valid kinds to name.
            rest = [mistake for mistake in describe(cls, error) if mistake.path not in wrong]
            raise told([*found, *rest]) from None
        if found:
            raise told(found)
        return experiment

    @field_validator("measure", mode="before")
    @classmethod
    def _measurements_of_the_model(cls, measure: Any, others: ValidationInfo) -> Any:
        if not isinstance(measure, dict):
            raise PydanticKnownError("dict_type")
        if not measure:
            raise ValueError("must have at least 1 measurement")
        problem, model = (others.data.get(key) for key in ("problem", "model"))
        # Which measurements there are follows from the model; a mistake there is told alone.
        if model is None or (problem is not None and not families.go_together(problem, model)):
            return {}
        return kinds.resolve_measure(measure, model)


class Config(Closed):
    """All of config.yaml."""

    experiments: Annotated[dict[Name, Experiment], Field(min_length=1, description="by name")]
    enabled: list[Name] = Field(default=[], description="experiments on demand that are wanted")
    compute: Compute = Field(default=Compute(), description="how networks on images are computed")
    sweeps: dict[Name, Sweep] = Field(default={}, description="by name")
    simulations: dict[Name, kinds.Simulation] = Field(default={}, description="by name")
    figures: dict[Name, kinds.Figure] = Field(default={}, description="by name of the file")
    published: list[Published] = Field(
        default=[], description="end values of the paper's figures, shown beside ours"
    )
