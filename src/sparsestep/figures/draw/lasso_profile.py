"""Panels of label noise against the Lasso: quantities over the step size times the variance."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from sparsestep.artifacts.tables import last_snapshots
from sparsestep.figures.parts import legend, panel, style
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.lasso_profile import Spec

_SIZE = (10.2, 7.0)
# Step sizes, the one of most runs first.
_LOOKS = [("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D")]
_PREDICTED = {"color": "black", "linestyle": (0, (1, 1.2)), "linewidth": 1.3, "zorder": 3}
_SAMPLING = {"color": style.GREY, "linestyle": (0, (4, 1.5, 1, 1.5)), "linewidth": 1.1, "zorder": 3}
_OF_MEAN = (0, (4, 1.5))
_LEVEL = r"$\eta \delta$, step size times noise variance"
# How far down the decay in time is drawn, in decades.
_DEEPEST = -40
# The part of the colour map that its runs take: yellow is too pale for a line.
_SHADES = (0.0, 0.85)


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Distances, penalty, support recovery and decay, against step size times variance."""
    experiment = experiments[figure.experiment]
    profile = Profile(sources.tables[figure.experiment], experiment)
    page, grid = plt.subplots(2, 3, figsize=_SIZE, layout="constrained")
    page.suptitle(style.as_text(experiment.title), fontsize="medium")
    panel.add_letters(grid.flat)
    for axes, draw in zip(grid.flat, PANELS, strict=True):
        draw(axes, profile)
    legend.add_legend(
        page,
        run_handles(profile),
        mark_handles(profile),
        fit_handles(profile),
        titles=("step size", " ", "fit"),
    )
    return page


class Profile:
    """Values of every (run, replicate), over the later half of the iterations or at their end.

    Attributes:
        levels, etas: eta delta and eta of each run, by name.
        later: rows whose iteration lies in the later half of their run's, survivors only.
        end: the last snapshots, NaN where a replicate diverged.
        diverged: whether each (run, replicate) did.
    """

    def __init__(self, table: pd.DataFrame, experiment: Shown):
        self.runs = list(experiment.runs)
        self.levels = table.groupby("run")["noise_level"].first()
        sizes = {name: experiment.runs[name].schedule.step_size for name in self.runs}
        self.etas = pd.Series(sizes)
        self.table = table[table["diverged_at"] < 0]
        last = table.groupby("run")["iteration"].transform("max")
        self.later = table[(table["diverged_at"] < 0) & (table["iteration"] > last // 2)]
        self.end = last_snapshots(table).set_index(["run", "replicate"])
        self.diverged = table.groupby(["run", "replicate"])["diverged_at"].first() >= 0

    @property
    def step_sizes(self) -> list[float]:
        """Those that occur, that of most runs first."""
        return list(self.etas.value_counts(sort=True).index)

    def over_time(self, metric: str, power: int = 1) -> pd.Series:
        """(mean of metric^power over the later half)^(1/power) of every (run, replicate)."""
        powers = (self.later[metric] ** power).groupby([self.later["run"], self.later["replicate"]])
        return powers.mean() ** (1 / power)

    def by_level(self, values: pd.Series, eta: float) -> pd.DataFrame:
        """Values of (run, replicate), with a row a level of the runs of this step size."""
        names = [name for name in self.runs if self.etas[name] == eta]
        frame = values.unstack().reindex(names)
        frame.index = pd.Index(self.levels[names].to_numpy(), name="level")
        return frame.sort_index()

    def decay_rates(self) -> pd.Series:
        """- d log|beta_j| / dt, mean over j, of every (run, replicate): a least-squares slope."""
        known = self.table.dropna(subset="log_off_lasso_support")
        return pd.Series(
            {
                key: -slope(of["iteration"], of["log_off_lasso_support"])
                for key, of in known.groupby(["run", "replicate"])
            },
            index=self.diverged.index,
            dtype=float,
        )

    def exponents(self) -> np.ndarray:
        """Slope of log(distance on the support) over log(eta delta), a replicate each."""
        distance = self.over_time("support_distance", 2)
        frame = self.by_level(distance, self.step_sizes[0]).dropna(axis=1)
        if len(frame.index.unique()) < 2 or frame.empty:
            return np.empty(0)
        return np.polyfit(np.log(frame.index), np.log(frame.to_numpy()), 1)[0]


def slope(iterations: pd.Series, values: pd.Series) -> float:
    """Least-squares slope over the later half of the points; NaN with fewer than two."""
    keep = slice(len(values) // 2, None)
    t, y = iterations.to_numpy(float)[keep], values.to_numpy()[keep]
    return np.polyfit(t, y, 1)[0] if len(t) > 1 else np.nan


def draw_distance(axes: Axes, profile: Profile) -> None:
    """To the nearest point of the Lasso's path: of the snapshots, and of their mean."""
    _draw(axes, profile, profile.over_time("lasso_distance"))
    _draw(axes, profile, profile.end["mean_lasso_distance"], of_mean=True)
    fluctuation = profile.end["predicted_fluctuation"]
    _predict(axes, profile, fluctuation)
    counts = _snapshots(profile).reindex(fluctuation.index.get_level_values("run"))
    _predict(axes, profile, fluctuation / np.sqrt(counts.to_numpy(float)), _SAMPLING)
    _finish(axes, "distance to the nearest\nLasso solution", "log")


def draw_penalty(axes: Axes, profile: Profile) -> None:
    """The penalty of the point of the path that is nearest to the mean."""
    _draw(axes, profile, profile.end["mean_lasso_penalty"], of_mean=True)
    _predict(axes, profile, profile.end["predicted_penalty"])
    _finish(axes, "penalty of the Lasso solution\nnearest to the mean", "log")


def draw_recovery(axes: Axes, profile: Profile) -> None:
    """Precision and recall of the support, mean over the replicates."""
    for name, hollow in (("precision", True), ("recall", False)):
        values = profile.over_time(f"support_{name}")
        for eta, colour, marker in _looks(profile):
            share = profile.by_level(values, eta).mean(axis=1)
            look = {"color": colour, **_marker(marker, hollow), "markersize": 5}
            axes.plot(share.index, share, linewidth=1.2, **look)
        _predict(axes, profile, profile.end[f"predicted_{name}"], mean=True)
        first = profile.by_level(values, profile.step_sizes[0]).mean(axis=1).iloc[:1]
        for level, share in first.dropna().items():
            axes.annotate(name, (level, share), (0, -13), textcoords="offset points")
    _finish(axes, "precision, recall of the support\n(mean of the replicates)", "linear")
    axes.set_ylim(None, 1.02)


def draw_decay(axes: Axes, profile: Profile) -> None:
    """Weights off the Lasso's support over time, runs of the commonest step size, replicate 0."""
    names = [name for name in profile.runs if profile.etas[name] == profile.step_sizes[0]]
    names = sorted(names, key=profile.levels.get)
    low, high = _SHADES
    shown = profile.table[profile.table["replicate"] == profile.table["replicate"].min()]
    for place, name in enumerate(names):
        of_run = shown[shown["run"] == name]
        shade = colormaps["viridis"](low + (high - low) * place / max(len(names) - 1, 1))
        logs = of_run["log_off_lasso_support"] / np.log(10)
        label = f"{profile.levels[name]:.3g}"
        axes.plot(of_run["iteration"], logs, color=shade, linewidth=1.2, label=label)
        drawn = of_run[logs >= _DEEPEST]
        if drawn.empty:
            continue
        # Anchored in the middle of what is seen: the start, before the fit, follows another law.
        middle = drawn.iloc[len(drawn) // 2]
        line = -middle["predicted_decay"] * (drawn["iteration"] - middle["iteration"])
        line = (line + middle["log_off_lasso_support"]) / np.log(10)
        axes.plot(drawn["iteration"], line, **_PREDICTED)
    axes.set_ylim(_DEEPEST, 0)
    # Room for the legend.
    axes.set_xlim(0, 1.4 * shown["iteration"].max() if len(shown) else 1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.legend(title=r"$\eta \delta$", loc="center right")
    axes.set_xlabel("iteration")
    axes.set_ylabel("weights off the Lasso's support,\nmean of $\\log_{10}|\\beta_j|$")


def draw_rates(axes: Axes, profile: Profile) -> None:
    """Fitted over predicted decay rate."""
    ratio = profile.decay_rates() / profile.end["predicted_decay"]
    _draw(axes, profile, ratio)
    _predict(axes, profile, ratio.where(ratio.isna(), 1.0))
    _finish(axes, "decay rate off the Lasso's support,\nfitted / predicted", "linear")


def draw_on_support(axes: Axes, profile: Profile) -> None:
    """Root mean square of the distance to beta* on its support."""
    _draw(axes, profile, profile.over_time("support_distance", 2))
    _predict(axes, profile, profile.end["predicted_support_distance"])
    _finish(axes, "distance to $\\beta^*$ on its support,\nroot mean square", "log")
    if axes.get_yscale() == "log":
        # Too few decades for powers of ten alone.
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())


PANELS = (
    draw_distance,
    draw_penalty,
    draw_recovery,
    draw_decay,
    draw_rates,
    draw_on_support,
)


def run_handles(profile: Profile) -> list[Line2D]:
    """Legend entries: step sizes, and how many replicates diverged."""
    handles = []
    for eta, colour, marker in _looks(profile):
        names = [name for name in profile.runs if profile.etas[name] == eta]
        fate = profile.diverged[profile.diverged.index.get_level_values("run").isin(names)]
        label = rf"$\eta$ = {eta:.3g} ({fate.sum()} of {len(fate)} diverged)"
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=4, label=label))
    return handles


def mark_handles(profile: Profile) -> list:
    """Legend entries of the marks."""
    line = {"color": style.GREY, "marker": "o", "markersize": 4}
    hollow = {**line, **_marker("o", True)}
    counts = sorted({*_snapshots(profile)} or {0})
    several = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    sampling = f"statistical error of a mean of {several} snapshots (a)"
    return [
        Line2D([], [], **line, label="of the snapshots: median; recall (c)"),
        Line2D([], [], **hollow, linestyle=_OF_MEAN, label="of their mean: median (a, b)"),
        Line2D([], [], **hollow, label="precision (c)"),
        Patch(color=style.GREY, alpha=0.25, linewidth=0, label=panel.OF_ENOUGH),
        Line2D([], [], **_PREDICTED, label="predicted, nothing fitted (median; c: mean)"),
        Line2D([], [], **_SAMPLING, label=sampling),
    ]


def fit_handles(profile: Profile) -> list[Line2D]:
    """Legend entries that say what the fit gave."""
    eta = rf"$\eta$ = {profile.step_sizes[0]:.3g}"
    exponent = rf"(f), {eta}: $(\eta\delta)^a$, a = {_interval(profile.exponents())}"
    return [
        Line2D([], [], linestyle="", label=exponent),
        Line2D([], [], linestyle="", label="median [10 %, 90 %] of the replicates;"),
        Line2D([], [], linestyle="", label="a = 1/2 is what the theory says for small noise"),
    ]


def _interval(values: np.ndarray) -> str:
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return "none"
    low, middle, high = np.percentile(values, panel.PERCENTILES)
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]"


def _looks(profile: Profile) -> list[tuple[float, str, str]]:
    return [(eta, *_LOOKS[place % len(_LOOKS)]) for place, eta in enumerate(profile.step_sizes)]


def _marker(marker: str, hollow: bool) -> dict:
    return {"marker": marker, **({"markerfacecolor": "white"} if hollow else {})}


def _snapshots(profile: Profile) -> pd.Series:
    """How many snapshots the later half has, by run; of runs with a survivor."""
    return profile.later.groupby("run")["iteration"].nunique()


def _draw(axes: Axes, profile: Profile, values: pd.Series, of_mean: bool = False) -> None:
    """Median and, of six or more, band over the replicates, a line a step size."""
    for eta, colour, marker in _looks(profile):
        frame = profile.by_level(values, eta)
        frame = frame[frame.notna().any(axis=1)]
        panel.draw_band(axes, frame, colour, _OF_MEAN if of_mean else "-")
        look = {"color": colour, **_marker(marker, of_mean), "markersize": 4}
        axes.plot(frame.index, frame.median(axis=1), linestyle="", **look)


def _predict(
    axes: Axes, profile: Profile, values: pd.Series, look: dict = _PREDICTED, mean: bool = False
) -> None:
    """A line through the levels: the prediction for the runs of each, step sizes put together."""
    frame = values.unstack().groupby(profile.levels).first()
    axes.plot(frame.index, frame.mean(axis=1) if mean else frame.median(axis=1), **look)


def _finish(axes: Axes, label: str, scale: str) -> None:
    # Where all has diverged there is nothing to scale.
    if any((line.get_ydata() > 0).any() for line in axes.lines if len(line.get_xdata()) > 0):
        axes.set_xscale("log")
        axes.set_yscale(scale)
    axes.set_xlabel(_LEVEL)
    axes.set_ylabel(label)
