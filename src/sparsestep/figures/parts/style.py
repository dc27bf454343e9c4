"""The one look of all figures: theme, colours of the runs, words for the metrics."""

import textwrap
from typing import Any

import matplotlib
import seaborn as sns
from matplotlib.mathtext import MathTextParser

from sparsestep import schedules
from sparsestep.schedules.edge import is_relative

# Marks in legends, and what belongs to no run.
GREY = "#808080"
# The colour of a run is the same in every figure: the small-step run is grey, longer large-step
# phases go through Okabe and Ito's colour-blind safe palette. The dashes tell the runs apart in
# grey print.
RUNS = {
    "decay-2": ("#595959", (0, (1.5, 0.7))),
    "small": ("#595959", (0, (1.5, 0.7))),
    "decay-10": ("#E69F00", (0, (5, 1))),
    "decay-30": ("#009E73", (0, (3, 1, 1, 1))),
    "decay-50": ("#0072B2", "-"),
    # Gradient descent as SGD with the same large-step phase; they stand side by side in one figure
    # only with sgd-decay-50, which has a colour of its own.
    "gd-small": ("#595959", (0, (1.5, 0.7))),
    "gd-decay-10": ("#E69F00", (0, (5, 1))),
    "gd-decay-30": ("#009E73", (0, (3, 1, 1, 1))),
    "gd-decay-50": ("#0072B2", "-"),
    "sgd-decay-50": ("#D55E00", "-"),
    # On the loss surface: gradient flow, gradient descent, SGD. Its animation has runs of its own,
    # in another shade.
    "flow": ("#595959", (0, (1.5, 0.7))),
    "label-noise": ("#B2182B", "-"),
    "gd": ("#0072B2", (0, (5, 1))),
    "sgd": ("#D55E00", "-"),
    # SGD as stochastic differential equations and as descent on noisy labels, beside flow and sgd.
    "sde": ("#0072B2", (0, (5, 1))),
    "sde-exact": ("#009E73", (0, (3, 1, 1, 1))),
    "noisy-labels": ("#882255", (0, (4, 3))),
    "flow-animated": ("#404040", (0, (1.5, 0.7))),
    "sgd-animated": ("#C84E00", "-"),
}
# For runs of other names, in the order of config.yaml.
OTHERS = [
    ("#CC79A7", (0, (5, 1))),
    ("#56B4E9", (0, (3, 1, 1, 1))),
    ("#8C6D31", "-"),
    ("#6A3D9A", (0, (5, 1))),
    ("#000000", (0, (3, 1, 1, 1))),
]


def _of_blocks() -> dict[str, tuple[str, str]]:
    blocks = {f"block{number}": f"block {number}" for number in range(1, 5)}
    return {
        f"{kind}_sparsity_{block}": (f"{kind} sparsity, {words}", "linear")
        for block, words in {**blocks, "last": "last block"}.items()
        for kind in ("feature", "raw")
    }


# Axis label and scale of each metric; one that is not listed is shown under its own name.
METRICS = {
    "train_loss": ("training loss", "log"),
    "batch_loss": ("loss of mini-batches", "log"),
    "test_loss": ("test loss", "log"),
    "jacobian_rank": ("rank of the Jacobian", "linear"),
    "l0": (r"$\|\beta\|_0$", "linear"),
    "feature_sparsity_layer1": ("feature sparsity, layer 1", "linear"),
    "feature_sparsity_layer2": ("feature sparsity, layer 2", "linear"),
    "raw_sparsity_layer1": ("raw sparsity, layer 1", "linear"),
    "raw_sparsity_layer2": ("raw sparsity, layer 2", "linear"),
    "sharpness": (r"sharpness $\lambda_{\max}(\nabla^2 L)$", "log"),
    "kernel_drift": ("tangent-kernel drift", "log"),
    "kernel_min_eigenvalue": (r"$\lambda_{\min}$ of the tangent kernel", "log"),
    "parameter_norm": (r"$\|\theta\|_2$", "linear"),
    "beta_error": (r"$\|\beta - \beta^*\|_2$", "log"),
    "off_support_share": (r"share of $\|\beta\|_1$ off the support", "log"),
    "step_size": (r"step size $\eta$", "log"),
    # Axes of errors count in per cent.
    "train_error": ("training error [%]", "linear"),
    "test_error": ("test error [%]", "linear"),
    **_of_blocks(),
    "diverged": ("share of replicates diverged", "linear"),
    "dead": ("share of survivors dead", "linear"),
}


def apply() -> None:
    """Set the theme; figures are drawn off screen and their SVG ids do not change."""
    matplotlib.use("Agg")
    sns.set_theme(
        context="paper",
        style="ticks",
        rc={
            "svg.hashsalt": "sparsestep",
            "svg.fonttype": "none",
            "pdf.fonttype": 42,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#ececec",
            "grid.linewidth": 0.6,
            "axes.titlesize": "medium",
            "legend.frameon": False,
            "legend.fontsize": "small",
        },
    )


def looks(experiment: dict) -> dict[str, tuple]:
    """(colour, dashes) of each run of an experiment that is shown, in its order."""
    others = iter(OTHERS * (1 + len(experiment["order"]) // len(OTHERS)))
    chosen = {}
    for name in experiment["order"]:
        colour, dashes = RUNS[name] if name in RUNS else next(others)
        chosen[name] = (experiment["runs"][name]["colour"] or colour, dashes)
    return {name: chosen[name] for name in experiment.get("shown", chosen)}


def with_runs(experiment: dict, runs: list[str]) -> dict:
    """The experiment with only these runs shown, which keep their looks."""
    return {**experiment, "shown": list(dict.fromkeys(runs))}


def run_label(run: dict, iterations: int) -> str:
    """Legend text of a run: its label, or the step sizes that it really takes."""
    if run["label"]:
        return as_text(run["label"])
    schedule = schedules.from_spec(run["schedule"])
    eta = schedule.step_sizes(iterations)
    # The largest step size, and what it ends with: a warm-up's first step size says little.
    text = rf"$\eta$ = {eta.max():.3g}"
    if is_relative(run["schedule"]):
        text += " of the edge"
    for decay in schedule.decays(iterations):
        if decay < iterations:
            text += rf" $\to$ {eta[decay]:.3g} at {100 * decay / iterations:.0f} %"
    return text


def time_unit(experiment: dict) -> str:
    """What a horizontal axis of time counts: "epoch" where the experiment has some."""
    return "epoch" if "epochs" in experiment else "iteration"


def few_snapshots(experiment: dict) -> bool:
    """Whether lines between snapshots say little, as with the about twenty of deep networks."""
    return "epochs" in experiment


def in_time_unit(experiment: dict, iterations: Any) -> Any:
    """Iterations (a number, an array, a Series) in this unit."""
    if "epochs" not in experiment:
        return iterations
    return iterations * experiment["epochs"] / experiment["iterations"]


def as_text(text: str) -> str:
    """The user's text for matplotlib: with its formulas, or literally if they are not valid."""
    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return text.replace("$", r"\$")
    return text


def wrapped(text: str) -> str:
    """The user's text as a title above a narrow panel: lines of at most 28 characters."""
    return as_text("\n".join(textwrap.wrap(text, 28)))


def metric_label(metric: str) -> str:
    """Axis label of a metric; a further threshold (`@`) stands behind it."""
    name, _, threshold = metric.partition("@")
    label = METRICS.get(name, (name.replace("_", " "), ""))[0]
    return f"{label} (threshold {threshold})" if threshold else label


def metric_scale(metric: str) -> str:
    """Axis scale of a metric: "log" or "linear"."""
    return METRICS.get(metric.partition("@")[0], ("", "linear"))[1]
