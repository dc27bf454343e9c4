"""Panels of the figure about loss stabilization."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sparsestep.figures.parts import legend, panel
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.bifurcation import Spec
from sparsestep.simulations import stabilization as s
from sparsestep.simulations.stabilization_clauses import clauses

# The proposition's regions of theta / theta*, and colours to shade them with.
_REGIONS = {
    "$I_0$": "#e4e4e4",
    "$I_1$": "#cfe6f5",
    "$I_2$": "#f6d8a0",
    "$I_3$": "#cdeadf",
}
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
_STARS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31")
# What all runs of a step size do, and its colour.
_OUTCOMES = {
    "bands": ("alternate between the bands", "#0072B2"),
    "sides": ("change sides in every step", "#56B4E9"),
    "converged": (r"converge to $\theta^*$", "#999999"),
    "mixed": ("none of these in all runs", "#F0E442"),
}
_END = {"color": "black", "linestyle": (0, (4, 2)), "linewidth": 0.9}
# As an image: there are tens of thousands of points.
_ITERATE = {
    "color": "black",
    "marker": "o",
    "markersize": 0.9,
    "markeredgewidth": 0,
    "linestyle": "",
    "rasterized": True,
}
_STATED = {"color": "#cccccc", "alpha": 0.6, "linewidth": 0}
_UPPER = {"color": "black", "linestyle": "-", "linewidth": 1.1}
_LOWER = {"linestyle": (0, (1, 1)), "linewidth": 1.6}
_LINEAR = {"linestyle": (0, (5, 1, 1, 1)), "linewidth": 1.0}
_GAMMA = r"$\gamma_{\max} = \eta\, (\theta^* x_{\max})^2$"
_Z = r"$\theta_t / \theta^*$"


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Iterates over the step size, single runs, the loss's range in two units, what runs do."""
    table, paths = sources.simulation(figure.simulation), sources.simulation(figure.paths)
    page, grid = plt.subplots(2, 3, figsize=(11.5, 7.2), layout="constrained")
    page.suptitle(title(table), fontsize="medium")
    for axes, name in zip(grid[0], figure.inputs, strict=False):
        draw_iterates(axes, table[table["inputs"] == name], name)
    draw_paths(grid[0, 2], paths)
    draw_loss(grid[1, 0], table, figure.inputs)
    draw_stated_loss(grid[1, 1], table[table["inputs"] == figure.inputs[1]])
    draw_outcomes(grid[1, 2], table)
    panel.add_letters(grid.flat)
    losses = loss_handles(table, figure.inputs)
    blocks = (iterate_handles(), outcome_handles(), losses)
    legend.add_legend(page, *blocks, titles=("(a) to (c)", "(f)", "(d), (e)"))
    return page


def title(table: pd.DataFrame) -> str:
    """What was simulated: numbers of step sizes, replicates, steps."""
    cells = table.groupby("inputs")["gamma_max"].nunique()
    stars = ", ".join(f"{value:g}" for value in table["theta_star"].unique())
    return (
        rf"SGD on $\frac{{1}}{{4}}\,\mathbb{{E}}\,(y - x\,\theta^2)^2$: "
        f"{cells.min()} to {cells.max()} step sizes a distribution, "
        rf"$\theta^*$ = {stars}, {table['replicate'].nunique()} replicates, "
        f"{table['steps'].iloc[0]} steps"
    )


def draw_iterates(axes: Axes, table: pd.DataFrame, name: str) -> None:
    """The last two iterates of every replicate over the step size, on the regions."""
    ratio = (table["gamma_max"] / table["gamma_min"]).iloc[0]
    if ratio < s.UPPER_END:
        gammas = np.linspace(ratio, s.UPPER_END, 200)
        _shade_regions(axes, gammas, gammas / ratio)
        for end in (ratio, s.UPPER_END):
            axes.axvline(end, **_END)
    for column in ("before", "last"):
        axes.plot(table["gamma_max"], table[column], **_ITERATE)
    axes.set(xlabel=_GAMMA, ylabel=_Z, title=f"$x$: {name}", ylim=(0.35, 1.27))
    axes.set_xlim(table["gamma_max"].min(), table["gamma_max"].max())


def draw_paths(axes: Axes, paths: pd.DataFrame) -> None:
    """Single runs from several starts, on the regions of their step size."""
    steps = paths["step"].max()
    gamma_min = paths["gamma_min"].iloc[0]
    _shade_regions(axes, np.array([0, steps]), np.full(2, gamma_min))
    looks = zip(("o", "s", "^", "D", "v"), _COLOURS, strict=True)
    runs = paths.groupby("start")
    for (z0, run), (marker, colour) in zip(runs, looks, strict=False):
        axes.plot(
            run["step"], run["theta"], marker=marker, color=colour, markersize=2.5, linewidth=0.7,
            label=rf"$\theta_0$ = {z0:g} $\theta^*$",
        )  # fmt: skip
    gamma_max = paths["gamma_max"].iloc[0]
    axes.set(xlabel="step $t$", ylabel=_Z, xlim=(0, steps), ylim=(0, 1.27))
    axes.set_title(rf"single runs, $\gamma$ in [{gamma_min:.3g}, {gamma_max:.3g}]")
    axes.legend(loc="lower right", frameon=True, framealpha=0.9)


def draw_loss(axes: Axes, table: pd.DataFrame, names: list[str]) -> None:
    """Range of F over t > T / 2 and all replicates, in units of E[x^2] theta*^4."""
    for name, colour in zip(names, _COLOURS, strict=False):
        part = table[table["inputs"] == name]
        _fill_range(axes, part, 1.0, colour)
        _draw_lower_bounds(axes, part, colour)
    axes.axhline(s.LOSS_BOUND, **_UPPER)
    axes.set(xlabel=_GAMMA, ylabel=r"$F\; /\; \mathbb{E}[x^2]\, \theta^{*4}$")
    axes.set_title("loss, corrected unit")
    _set_loss_axis(axes, table)


def draw_stated_loss(axes: Axes, table: pd.DataFrame) -> None:
    """The same in units of theta*^2, as stated, for every theta*."""
    for (_, part), colour in zip(table.groupby("theta_star"), _STARS, strict=False):
        _fill_range(axes, part, part["scale"].iloc[0], colour)
    gammas, eps0 = _draw_lower_bounds(axes, table, "black")
    axes.fill_between(gammas, eps0**2, s.STATED_LOSS_BOUND, zorder=0, **_STATED)
    axes.axhline(s.STATED_LOSS_BOUND, **_UPPER)
    axes.set(xlabel=_GAMMA, ylabel=r"$F\; /\; \theta^{*2}$")
    axes.set_title(f"loss as stated, $x$: {table['inputs'].iloc[0]}")
    _set_loss_axis(axes, table)
    axes.set_ylim(1e-6, 1e3)


def draw_outcomes(axes: Axes, table: pd.DataFrame) -> None:
    """A strip for each distribution of x: what all runs of a step size do."""
    names = list(table["inputs"].unique())
    held = clauses(table)
    for row, name in enumerate(names):
        part = table[table["inputs"] == name]
        of_gamma = held.loc[part.index].groupby(part["gamma_max"]).all()
        outcome = np.select(
            [of_gamma[key] for key in ("converged", "bands", "sides")],
            ["converged", "bands", "sides"],
            "mixed",
        )
        gammas = of_gamma.index.to_numpy()
        edges = np.concatenate([gammas[:1], (gammas[1:] + gammas[:-1]) / 2, gammas[-1:]])
        colours = [_OUTCOMES[key][1] for key in outcome]
        axes.bar(edges[:-1], 0.5, np.diff(edges), row - 0.25, align="edge", color=colours, lw=0)
        ratio = (part["gamma_max"] / part["gamma_min"]).iloc[0]
        if ratio < s.UPPER_END:
            ends = [ratio, s.UPPER_END]
            axes.plot(ends, [row - 0.36] * 2, color="black", linewidth=1.5, marker="|")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel=_GAMMA, ylim=(len(names) - 0.5, -0.7), title="what all runs do, by $x$")
    axes.set_xlim(table["gamma_max"].min(), table["gamma_max"].max())
    axes.grid(False)


def iterate_handles() -> list:
    """Legend entries of `draw_iterates` and `draw_paths`."""
    what = (
        r"$(0, 0.65]\, \theta^*$",
        r"$(0.65, 1 - \varepsilon_0)\, \theta^*$",
        r"$[1 - \varepsilon_0, 1)\, \theta^*$",
        r"$[1, 1.162)\, \theta^*$",
    )
    regions = [
        Patch(color=colour, label=f"{name} = {words}")
        for (name, colour), words in zip(_REGIONS.items(), what, strict=True)
    ]
    return [
        *regions,
        Line2D(
            [],
            [],
            color="black",
            marker=".",
            markersize=3,
            linestyle="",
            label="last two iterates of a replicate",
        ),
        Line2D([], [], label="ends of the range of step sizes", **_END),
    ]


def loss_handles(table: pd.DataFrame, names: list[str]) -> list:
    """Legend entries of `draw_loss` and `draw_stated_loss`."""
    stars = table["theta_star"].drop_duplicates().sort_values()
    return [
        *(
            Patch(color=colour, alpha=0.4, lw=0, label=f"(d) all runs, $t > T/2$, $x$: {name}")
            for name, colour in zip(names, _COLOURS, strict=False)
        ),
        *(
            Patch(color=colour, alpha=0.4, lw=0, label=rf"(e) the same, $\theta^*$ = {star:g}")
            for star, colour in zip(stars, _STARS, strict=False)
        ),
        Patch(label="(e) the stated range of $F$", **_STATED),
        Line2D([], [], label="upper bound: (d) 0.0834, (e) 0.17", **_UPPER),
        Line2D([], [], color="black", label=r"lower bound $\varepsilon_0^2$", **_LOWER),
        Line2D([], [], color="black", label=r"$\varepsilon_0$ in place of it", **_LINEAR),
    ]


def outcome_handles() -> list:
    """Legend entries of `draw_outcomes`."""
    return [
        *(Patch(color=colour, label=words) for words, colour in _OUTCOMES.values()),
        Line2D([], [], color="black", linewidth=1.5, marker="|", label="the proposition's range"),
    ]


def _shade_regions(axes: Axes, x: np.ndarray, gamma_min: np.ndarray) -> None:
    low, below, _, high = (np.broadcast_to(end, x.shape) for end in s.bands(gamma_min))
    ends = [np.zeros_like(low), low, below, np.ones_like(low), high]
    for colour, bottom, top in zip(_REGIONS.values(), ends[:-1], ends[1:], strict=True):
        axes.fill_between(x, bottom, top, color=colour, linewidth=0, zorder=0)


def _fill_range(axes: Axes, part: pd.DataFrame, unit: float, colour: str) -> None:
    ranges = part.groupby("gamma_max").agg({"smallest": "min", "largest": "max"}) * unit
    axes.fill_between(
        ranges.index, ranges["smallest"], ranges["largest"], color=colour, alpha=0.4, linewidth=0
    )


def _draw_lower_bounds(axes: Axes, part: pd.DataFrame, colour: str) -> tuple:
    """Draw eps0^2 and eps0; returns gamma_max in the range, and eps0 there."""
    ratio = (part["gamma_max"] / part["gamma_min"]).iloc[0]
    # A wide distribution of x has no range.
    gammas = np.linspace(ratio, s.UPPER_END, 300)[1:] if ratio < s.UPPER_END else np.empty(0)
    eps0 = s.eps0(gammas / ratio)
    axes.plot(gammas, eps0**2, color=colour, **_LOWER)
    axes.plot(gammas, eps0, color=colour, **_LINEAR)
    return gammas, eps0


def _set_loss_axis(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_yscale("log")
    axes.set_xlim(table["gamma_max"].min(), table["gamma_max"].max())
    axes.set_ylim(1e-7, 1)
