"""Rows of claims.csv from tables of measurements, as results/README.md defines them.

`tables` holds, by run, the table of its measurements; `specs` what each run was trained from.
"""

import numpy as np

from independent import schedules
from independent.statistics import effect, interval, kendall, median, sign_test, verdict, worst

FRACTIONS = (0.5, 0.95, 0.99)


class Experiment:
    """Runs of an experiment, the last snapshots of their replicates, and what is claimed."""

    def __init__(self, claims, tables, specs):
        self.claims, self.specs = claims, specs
        # Runs that follow another are compared with nothing, but where `agrees` names them.
        self.runs = [name for name in specs if not specs[name]["algorithm"].get("of")]
        self.steps, self.phase = {}, {}
        for name in self.runs:
            schedule, iterations = specs[name]["schedule"], specs[name]["iterations"]
            self.steps[name] = np.array(schedules.step_sizes(schedule, iterations))
            self.phase[name] = schedules.large_phase(schedule, iterations)
        self.replicates = sorted(set(tables[self.runs[0]]["replicate"]))
        self.of = {run: dict(list(table.groupby("replicate"))) for run, table in tables.items()}
        keys = ["replicate", "iteration"]
        self.numbers = {
            run: {r: rows.drop(columns=keys).to_numpy(float) for r, rows in of.items()}
            for run, of in self.of.items()
        }

    def rows(self):
        """All rows, a dict each."""
        claims = self.claims
        found = self._stabilises(claims.get("stabilises"))
        for claim, kind in (("better", "ratio"), ("sparser", "difference")):
            bound = self._fits() if claim == "sparser" else np.inf
            for metric in claims.get(claim, []):
                for a, b in self._pairs():
                    found.append(self._ends(claim, metric, a, b, kind, bound))
        for metric in claims.get("trend", []):
            found += self._trend(metric)
        if agrees := claims.get("agrees"):
            margin = agrees.get("margin", 1.25)
            for metric in agrees["metrics"]:
                for b in agrees["runs"]:
                    ends = ("agrees", metric, agrees["reference"], b, "ratio", np.inf)
                    found.append(self._ends(*ends, above=1 / margin, below=margin))
        return found

    def _fits(self):
        return self.claims.get("fits", {}).get("train_loss", np.inf)

    def _alike(self, a, b):
        """The same algorithm, and step sizes in the same units."""
        algorithms = [self.specs[name]["algorithm"] for name in (a, b)]
        kept = [{key: of[key] for key in of if key != "log_loss"} for of in algorithms]
        relative = [isinstance(self.specs[n]["schedule"]["step_size"], dict) for n in (a, b)]
        return kept[0] == kept[1] and relative[0] == relative[1]

    def _pairs(self):
        found = []
        for a in self.runs:
            longer = [b for b in self.runs if self._longer(a, b)]
            own = [b for b in longer if self._goes_on(a, b)]
            for b in longer:
                if b in own or all(self.phase[b] != self.phase[other] for other in own):
                    found.append((a, b))
        return found

    def _longer(self, a, b):
        phase = self.phase[b]
        if len(self.steps[a]) < len(self.steps[b]):
            return False
        large, small = self.steps[b][:phase], self.steps[a][:phase]
        nowhere_smaller = (large >= small).all() and (large > small).any()
        return self.phase[a] < phase and self._alike(a, b) and nowhere_smaller

    def _goes_on(self, a, b):
        """Whether B takes A's own large steps."""
        phase = self.phase[a]
        return phase > 0 and (self.steps[a][:phase] == self.steps[b][:phase]).all()

    def _last(self, run, metric):
        """The metric at the last snapshot by replicate; NaN for one that diverged, whenever."""
        found = {}
        for replicate in self.replicates:
            rows = self.of[run][replicate]
            last = rows["iteration"].idxmax()
            diverged = rows["diverged_at"][last] >= 0
            found[replicate] = np.nan if diverged else float(rows[metric][last])
        return found

    def _lost(self, run):
        """Whether each replicate diverges."""
        return {r: any(self.of[run][r]["diverged_at"] >= 0) for r in self.replicates}

    def _distinct(self, *runs):
        """Of replicates that coincide in all that is measured, but for rounding, the first."""
        kept = []
        for replicate in self.replicates:
            if not any(all(self._same(run, replicate, other) for run in runs) for other in kept):
                kept.append(replicate)
        return kept

    def _same(self, run, one, other):
        a, b = (self.numbers[run][r] for r in (one, other))
        return np.allclose(a, b, 1e-6, 0, equal_nan=True)

    def _ends(self, claim, metric, a, b, kind, bound, **bounds):
        """B against A at the last snapshot."""
        values = {"a": self._last(a, metric), "b": self._last(b, metric)}
        losses = {"a": self._last(a, "train_loss"), "b": self._last(b, "train_loss")}
        diverged = self._lost(b)
        rows = []
        for r in self.replicates:
            fit_a, fit_b = (not losses[end][r] > bound for end in "ab")
            lost = not np.isnan(values["a"][r]) and fit_a and (diverged[r] or not fit_b)
            row = {"a": values["a"][r], "b": values["b"][r], "fits": fit_a and fit_b, "lost": lost}
            row["effect"] = effect(kind, row["a"], row["b"])
            rows.append(row | {f"train_loss_{end}": losses[end][r] for end in "ab"})
        return self._judged(claim, metric, a, b, kind, rows, self._distinct(a, b), **bounds)

    def _trend(self, metric):
        groups = {}
        for name in self.runs:
            schedule = self.specs[name]["schedule"]
            if isinstance(schedule["step_size"], dict):
                rest = repr(sorted((k, v) for k, v in schedule.items() if k != "step_size"))
                fraction = schedule["step_size"]["of_edge"]
                groups.setdefault(rest, []).append((fraction, name))
        group = sorted(max(groups.values(), key=lambda of: (self.phase[of[0][1]], len(of))))
        fractions, names = zip(*group, strict=True)
        kind = "ratio" if metric.endswith("loss") else "difference"
        bound = np.inf if kind == "ratio" else self._fits()
        first, final = names[0], names[-1]
        # What is lost is as of the first and the last; what fits, under three runs.
        plain = self._ends("trend", metric, first, final, kind, bound)
        rows = plain["replicates_seen"]
        values = {name: self._last(name, metric) for name in names}
        losses = {name: self._last(name, "train_loss") for name in names}
        for r, row in zip(self.replicates, rows, strict=True):
            of_all = [values[name][r] for name in names]
            of_fit = [np.nan if losses[n][r] > bound else values[n][r] for n in names]
            tau = kendall(fractions, of_fit)
            row["fits"] = not np.isnan(tau)
            row["effect"] = tau if row["fits"] else kendall(fractions, of_all)
        found = [self._judged("trend", metric, first, final, "tau", rows, self._distinct(*names))]
        start, *others = (min(group, key=lambda of: abs(of[0] - wanted)) for wanted in FRACTIONS)
        for fraction, other in dict.fromkeys(others):
            if fraction > start[0]:
                found.append(self._ends("trend", metric, start[1], other, kind, bound))
        return found

    def _stabilises(self, claim):
        if claim is None:
            return []
        metric, against = (claim, None) if isinstance(claim, str) else claim.values()
        found = []
        for run in self.runs:
            decay = self.phase[run]
            if not decay:
                continue
            half = slice(-(-decay // 2), decay)
            alike = against and self._alike(run, against)
            alike = alike and decay <= len(self.steps[against])
            if alike and (self.steps[run][half] > self.steps[against][half]).all():
                ends = [self._levels(name, metric, decay) for name in (against, run)]
                found.append(self._level_row("high", metric, against, run, *ends))
            ends = self._line(run, metric, decay)
            found.append(self._level_row("flat", metric, run, run, *ends))
        return found

    def _level_row(self, what, metric, a, b, of_a, of_b):
        diverged = self._lost(b)
        # Where no survivor has a value, there are too few snapshots, and nobody is lost by that.
        known = all(diverged.values()) or not all(np.isnan(of_b[r]) for r in self.replicates)
        rows = []
        for r in self.replicates:
            lost = diverged[r] and known and (a == b or not np.isnan(of_a[r]))
            row = {"a": of_a[r], "b": of_b[r], "fits": True, "lost": lost}
            row["effect"] = effect("ratio", row["a"], row["b"])
            rows.append(row | {"train_loss_a": np.nan, "train_loss_b": np.nan})
        bounds = {"above": 2.0, "below": np.inf} if what == "high" else {"above": 0.5, "below": 2.0}
        distinct = self._distinct(a, b)
        return self._judged(f"stabilises: {what}", metric, a, b, "ratio", rows, distinct, **bounds)

    def _inside(self, run, replicate, metric, decay):
        """Snapshots and values in the second half of the large steps; of running_loss one alone."""
        rows = self.of[run][replicate]
        if any(rows["diverged_at"] >= 0):
            return rows[:0]
        t = rows["iteration"]
        if metric == "running_loss":
            return rows[(t > decay / 2) & (t <= decay + 1)][-1:]
        return rows[(t >= decay / 2) & (t < decay)]

    def _levels(self, run, metric, decay):
        found = {}
        for r in self.replicates:
            values = self._inside(run, r, metric, decay)[metric].to_numpy(float)
            found[r] = 10 ** np.mean(np.log10(values)) if len(values) else np.nan
        return found

    def _line(self, run, metric, decay):
        starts, stops = {}, {}
        for r in self.replicates:
            rows = self._inside(run, r, metric, decay)
            starts[r] = stops[r] = np.nan
            if metric == "running_loss" and len(rows):
                middle, change = (float(rows[n].iloc[0]) for n in (metric, "running_change"))
                starts[r], stops[r] = middle / change**0.5, middle * change**0.5
            elif metric != "running_loss" and len(rows) >= 3 and (rows[metric] > 0).all():
                t = rows["iteration"].to_numpy(float)
                columns = np.stack([t, np.ones(len(t))], axis=1)
                logs = np.log10(rows[metric].to_numpy(float))
                slope, height = np.linalg.lstsq(columns, logs, rcond=None)[0]
                starts[r], stops[r] = (10 ** (height + slope * at) for at in (decay / 2, decay))
        return starts, stops

    def _judged(self, claim, metric, a, b, kind, rows, distinct, above=-np.inf, below=None):
        """A row of the table; `rows` holds what is known of every replicate."""
        below = {"ratio": 1.0}.get(kind, 0.0) if below is None else below
        known = [rows[self.replicates.index(r)] for r in distinct]
        survived = [row for row in known if not np.isnan(row["effect"])]
        pairs = [row for row in survived if row["fits"]]
        effects = [row["effect"] for row in pairs]
        lost = [row for row in known if row["lost"]]
        bounds = [bound for bound in (above, below) if abs(bound) < np.inf]
        kept = [row["effect"] for row in pairs if not row["lost"]]
        against = worst(kept, len(lost), above, below)
        lower = sum(value < bounds[0] for value in effects)
        higher = sum(value > bounds[-1] for value in effects)
        low, high = interval(effects)
        values = {end: [row[end] for row in rows if not np.isnan(row[end])] for end in "ab"}
        both = [row for row in rows if not np.isnan(row["a"]) and not np.isnan(row["b"])]
        medians = {f"median_{end}": median([row[end] for row in pairs]) for end in "ab"}
        for name in ("train_loss_a", "train_loss_b"):
            medians[name] = median([row[name] for row in pairs])
        return {
            **{"claim": claim, "metric": metric, "run_a": a, "run_b": b, "effect_kind": kind},
            **{f"phase_{end}": self._share(run) for end, run in (("a", a), ("b", b))},
            **{"replicates": len(rows), "survivors_a": len(values["a"])},
            **{"survivors_b": len(values["b"]), "survivors_both": len(both)},
            **{"unfit": len(survived) - len(pairs), "pairs": len(pairs), **medians},
            **{"lower": lower, "equal": len(pairs) - lower - higher, "higher": higher},
            **{"effect": median(effects), "low": low, "high": high},
            "p": sign_test(effects, bounds),
            "verdict": verdict(low, high, above, below),
            "lost": len(lost),
            "median_a_of_lost": median([row["a"] for row in lost]),
            "p_lost_against": against[1],
            "verdict_lost_against": against[0],
            "replicates_seen": [dict(row) for row in rows],
        }

    def _share(self, run):
        """Length of the large steps; NaN of a run that has no schedule of its own."""
        if run not in self.phase:
            return np.nan
        return self.phase[run] / self.specs[run]["iterations"]
