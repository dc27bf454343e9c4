"""Remarks on a config that is valid: claims of which nothing can come."""

from sparsestep.claims.level import FEWEST
from sparsestep.claims.pairs import (
    FEWEST_FRACTIONS,
    comparisons,
    large_steps,
    larger_before_decay,
    length,
    over_the_edge,
)
from sparsestep.config.blocks import Experiment
from sparsestep.config.claims import compared

# A pair of runs takes a look at every iteration; of more runs, their durations alone are compared.
_MANY = 100


def of_claims(name: str, experiment: Experiment) -> list[str]:
    """A line for each reason why verdicts about an experiment will be missing, or show nothing."""
    found = [f"{reason}; there will be no verdict" for reason in _incomparable(experiment)]
    few = experiment.replicates
    if few < FEWEST:
        what = "1 replicate makes" if few == 1 else f"{few} replicates make"
        pairs = f"{what} fewer than {FEWEST} pairs"
        found.append(f"{pairs}; every verdict will be `not shown`")
    return [f"experiments.{name}.claims: {line}" for line in found]


def _incomparable(experiment: Experiment) -> list[str]:
    """Why its claims have nothing to be judged on."""
    claims, runs, iterations = experiment.claims, compared(experiment), experiment.iterations
    durations = {large_steps(run, iterations) for run in runs.values()}
    differ = len({length(run, iterations) for run in runs.values()}) > 1
    found = []
    if claims.stabilises is not None and not any(durations):
        found.append("stabilises: there is no run whose step size decays")
    against = claims.stabilises and claims.stabilises.against
    if against and any(durations) and not larger_before_decay(runs, against, iterations):
        within = f" within the iterations of {against}" if differ else ""
        found.append(f"stabilises: no run has larger steps than {against} before it decays{within}")
    if claims.trend and not over_the_edge(runs, iterations):
        what = f"{FEWEST_FRACTIONS} runs that differ in their fraction of the edge alone"
        found.append(f"trend: there are no {what}")
    if claims.better or claims.sparser:
        different = len(durations) > 1
        if different and len(runs) <= _MANY:
            different = bool(comparisons(runs, iterations))
        if not different:
            asked = " and ".join(key for key in ("better", "sparser") if getattr(claims, key))
            what = "a run with another whose large steps last longer before they decay"
            what += ", and which has no more iterations" if differ else ""
            found.append(f"{asked}: there is no pair to compare, {what}")
    return found
