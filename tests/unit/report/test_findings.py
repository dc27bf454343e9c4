"""Findings: numbers from the end values, paragraphs that vanish, texts that run nothing."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from conftest import ROOT
from sparsestep.config.kinds import columns
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan
from sparsestep.report import findings, page, rest

FOLDER = ROOT / "workflow" / "report" / "findings"


@pytest.fixture
def summary():
    """One run of five replicates, of which one diverged and one died."""
    values = {
        "diverged": [0, 0, 0, 0, 1],
        "l0": [1, 2, 3, 4, None],
        "dead": [0, 1, 0, 0, None],
        "sharpness": [0, -1, 0, 2, None],
        "test_error": [0.1, 0.1, 0.1, 0.1, None],
    }
    rows = [
        ("one", "small", replicate, metric, value)
        for metric, of in values.items()
        for replicate, value in enumerate(of)
    ]
    return pd.DataFrame(rows, columns=["experiment", "run", "replicate", "metric", "value"])


def rendered(text, summary, **settings):
    findings.check(text, Path("x.rst"))
    return findings.render(text, summary, {k.replace("__", "."): v for k, v in settings.items()})


def test_numbers_are_those_of_the_survivors(summary):
    text = '{{ median("one", "small", "l0") }}, {{ low("one", "small", "l0") }}, '
    text += '{{ high("one", "small", "l0") }}, {{ diverged("one", "small") }}, '
    text += '{{ share("one", "small", "dead") }}, {{ median("one", "small", "test_error") }}'
    assert rendered(text, summary) == "2.5, 1.3, 3.7, 1 of 5, 1 of 4, 10 %"
    # Not 0, whatever the sign.
    assert rendered('{{ share("one", "small", "sharpness") }}', summary) == "2 of 4"


def test_a_changed_end_value_changes_the_sentence(summary):
    text = 'The rank is {{ median("one", "small", "l0") }}.'
    assert rendered(text, summary) == "The rank is 2.5."
    summary.loc[summary["metric"] == "l0", "value"] *= 2
    assert rendered(text, summary) == "The rank is 5."


def test_a_paragraph_about_what_is_not_there_is_left_out(summary):
    text = 'A {{ median("one", "small", "l0") }}.\n\nB {{ median("one", "large", "l0") }}.\n \nC.'
    assert rendered(text, summary) == "A 2.5.\n\nC."


def test_what_was_seen_is_said_for_those_settings_alone(summary):
    text = '{% if as_seen("experiments.one", "0123456789ab") %}As seen.{% endif %}'
    assert rendered(text, summary, experiments__one="0123456789ab") == "As seen."
    assert rendered(text, summary, experiments__one="ba9876543210") == ""
    assert rendered(text, summary) == ""
    either = '{% if as_seen("runs.a", "0123456789ab") or as_seen("runs.b", "0123456789ab") %}x'
    other = f"{either}{{% elif as_seen('runs.c', '0123456789ab') %}}y{{% else %}}z{{% endif %}}"
    for name, said in (("runs__a", "x"), ("runs__b", "x"), ("runs__c", "y"), ("runs__d", "z")):
        assert rendered(other, summary, **{name: "0123456789ab"}) == said


SEEN = 'as_seen("runs.one", "0123456789ab")'
NOT_SUPPORTED = [
    ("{{ 7 * 7 }}", "mul is not supported"),
    ("{{ 3 }}", "const is not supported"),
    ('{{ "text" }}', "const is not supported"),
    ("{{ ''.__class__ }}", "getattr is not supported"),
    ("{{ median }}", "name is not supported"),
    ('{{ median("one", "small", "l0").real }}', "getattr is not supported"),
    ('{{ not median("one", "small", "l0") }}', "not is not supported"),
    ('{{ as_seen("runs.one", "0123456789ab") }}', "as_seen() is a condition, for {% if %}"),
    ('{% if diverged("one", "small") %}x{% endif %}', "diverged() is no condition; valid: as_seen"),
    ("{% if 1 %}x{% endif %}", "const is not supported; valid: as_seen"),
    (
        '{% if not as_seen("one") %}x{% endif %}',
        "as_seen() takes 2 texts in quotes (name, id), got",
    ),
    (
        '{{ median("one", "small") }}',
        "median() takes 3 texts in quotes (experiment, run, metric), ",
    ),
    ('{{ median("one", "small") }}', "got 'one', 'small'"),
    ("{{ median() }}", "got nothing"),
    ('{{ median("one", 2, "l0") }}', "got 'one', 2, 'l0'"),
    ('{{ median("one", "small", metric="l0") }}', "got 'one', 'small', metric='l0'"),
    ('{{ median("one", "small", diverged("one", "small")) }}', "got 'one', 'small', diverged(...)"),
    ('{{ mean("one", "small", "l0") }}', "there is no mean(); valid: median"),
    ('{{ median("one", "small", "tets_loss") }}', "there is no such metric, got 'tets_loss'; vali"),
    ('{{ median("one", "small", "tets_loss") }}', "(did you mean 'test_loss'?)"),
    ('{{ share("one", "small", "l0_layer") }}', "there is no such metric, got 'l0_layer'; valid: "),
    ('{% if as_seen("run.one", "0123456789ab") %}x{% endif %}', "as_seen(): got 'run.one'; must b"),
    ('{% if as_seen("runs.one", "0123456789a") %}x{% endif %}', "as_seen(): got '0123456789a'; mu"),
    (
        '{% if as_seen("runs.one", "0123456789abc") %}x{% endif %}',
        "got '0123456789abc'; must be an",
    ),
    ('{% if as_seen("runs.one two", "0123456789ab") %}x{% endif %}', "got 'runs.one two'; must be"),
    ('{{ median("one", "small", "l0", *median) }}', "takes 3 texts in quotes (experiment, run, m"),
    ('{{ median("one", "small", "l0", **median) }}', "got 'one', 'small', 'l0', name"),
    (f"{{% if {SEEN} %}}x{{% elif {SEEN} %}}{{{{ 3 }}}}{{% endif %}}", "const is not supported"),
    (f"{{% if {SEEN} %}}x{{% elif {SEEN} %}}See a_.{{% endif %}}", "not valid reST at 'See a_.'"),
    (
        f"{{% if {SEEN} %}}{{% if {SEEN} %}}x{{% else %}}See a_.{{% endif %}}{{% endif %}}",
        "not valid reST at 'See a_.'",
    ),
    ("{% for i in [1, 2] %}x{% endfor %}", "for is not supported"),
    ("{% set x = 1 %}", "assign is not supported"),
    ("{% include 'page.html' %}", "include is not supported"),
    ("{{ median(", "unexpected"),
    (f"{{{{ {'(' * 5000} }}}}", "lies too deep"),
    ("See this_.", "not valid reST at 'See this_.': Unknown target name"),
    ('{% if as_seen("runs.one", "0123456789ab") %}See `a`_.{% endif %}', "Unknown target name"),
    (
        '{% if as_seen("runs.one", "0123456789ab") %}x{% else %}:no:`a`{% endif %}',
        "not valid reST at ':no:`a`': Unknown interpreted text role",
    ),
]


@pytest.mark.parametrize(("text", "says"), NOT_SUPPORTED)
def test_anything_else_is_refused_in_one_line(text, says):
    with pytest.raises(ConfigError) as caught:
        findings.check(text, Path("findings/x.rst"))
    assert str(caught.value).startswith("findings/x.rst: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_or_are_missing(tmp_path):
    (tmp_path / "f.rst").write_bytes(b"caf\xe9")
    with pytest.raises(ConfigError, match=r"f\.rst: not UTF-8"):
        findings.checked_files(str(tmp_path), ["f"])
    with pytest.raises(ConfigError, match=r"k\.rst: missing; the report needs it"):
        findings.require_captions([str(tmp_path / "k.rst")])
    findings.require_captions([str(tmp_path / "f.rst")])
    there = [tmp_path / "c.rst", tmp_path / "a.rst"]
    for path in there:
        path.write_text("Fine.")
    assert findings.checked_files(str(tmp_path), ["c", "b", "a"]) == list(map(str, there))


def test_what_is_no_rest_once_numbers_are_in_it_ends_the_report(summary):
    spec = {"figures": [{"name": "f", "kind": "k", "shows": []}], "experiments": []}
    parts = (spec, summary, {"f": (".svg", b"")})
    of_table = {"notes": {"s": "See s_."}, "tables": {"t": pd.DataFrame({"a": [1]})}}
    for given, source in (
        ({"findings": {"f": "See f_."}}, r"findings/f\.rst"),
        ({"captions": {"k": "See k_."}}, r"k\.rst or figures\.f\.caption"),
        (of_table, r"tables/s\.rst"),
    ):
        texts = {"captions": {"k": "Fine."}, "template": "", **given}
        about = spec | {
            "tables": list(texts.get("tables", {})),
            "simulations": {"t": {"kind": "s"}},
        }
        with pytest.raises(
            ConfigError, match=rf"^workflow/report/{source}: not valid reST at 'See"
        ):
            page.build(about, *parts[1:], **texts)
    with pytest.raises(
        ConfigError, match=r"^workflow/report/k\.rst or figures\.f\.caption: 'no' is un"
    ):
        page.build(*parts, captions={"k": "{{ no.such }}"}, template="")


def test_what_the_page_says_of_figures_and_simulations(summary):
    """Findings of end values, settings and sweeps; short tables, of which all rows are shown."""
    widths = pd.DataFrame({"width": [1, 1], "replicate": [0, 1], "diverged_at": [-1, 3]})
    text = '{{ median("one", "small", "l0") }}, {{ swept_diverged("widths", "width = 1") }}'
    text += f"{{% if {SEEN} %}}, seen{{% endif %}}"
    spec = {
        "figures": [{"name": "f", "kind": "k", "shows": []}],
        "experiments": [],
        "settings": {"runs.one": "0123456789ab"},
        "simulations": {"s": {"kind": "quadratic", "n": 7}, "t": {"kind": "quadratic", "n": 8}},
        "sweeps": {"widths": {"replicates": 9}},
        "tables": ["t", "s"],
    }
    of = "snakemake.config"
    captions = {"k": f'{{{{ {of}["sweeps"].widths.replicates + {of}["simulations"]["s"]["n"] }}}}'}
    notes = {"quadratic": f'n = {{{{ {of}["simulations"][snakemake.wildcards.simulation].n }}}}'}
    short = {name: pd.DataFrame({"a": [name, "2"], "b": ["3", "4"]}) for name in ("s", "t")}
    template = "{{ [figures, simulations] | tojson }}"
    given = {"notes": notes, "tables": short, "findings": {"f": text}, "sweeps": {"widths": widths}}
    figures, simulations = json.loads(
        page.build(spec, summary, {"f": (".svg", b"")}, captions, template, **given)
    )
    assert figures[0]["findings"].strip() == "<p>2.5, 1 of 2, seen</p>"
    assert figures[0]["caption"].strip() == "<p>16</p>"
    told = [(of["title"], of["caption"].strip(), of["header"], of["rows"]) for of in simulations]
    assert told == [
        ("t", "<p>n = 8</p>", ["a", "b"], [["t", "3"], ["2", "4"]]),
        ("s", "<p>n = 7</p>", ["a", "b"], [["s", "3"], ["2", "4"]]),
    ]


def test_captions_of_config_are_checked():
    rest.check_all({"figures.one.caption": "Fine.", "figures.two.caption": ""})
    with pytest.raises(
        ConfigError, match=r"^figures\.two\.caption: not valid reST at '\|x\|': Und"
    ):
        rest.check_all({"figures.one.caption": "Fine.", "figures.two.caption": "|x|"})


def test_a_text_brings_nothing_of_its_own_into_the_page(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("Secret.")
    for text in (".. raw:: html\n\n   <b>Secret.</b>", f".. include:: {secret}"):
        assert "Secret" not in rest.as_html(f"Before.\n\n{text}", "x")
    # Of what docutils only warns of, it writes nothing into the page.
    assert "System Message" not in rest.as_html("Longer\n===\n\nText.", "x")


@pytest.fixture(scope="module")
def shipped():
    return Plan(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")))


def swept_tables(plan):
    """A table of every sweep over keys, of all points and two replicates."""
    tables = {}
    for name in plan.sweeps.keys.blocks:
        measured = {column: 0.5 for column in plan.sweeps.columns(name)}
        rows = [
            {**point.values, "replicate": replicate, "diverged_at": -1, **measured}
            for point in plan.sweeps.keys.points(name)
            for replicate in (0, 1)
        ]
        tables[name] = pd.DataFrame(rows)
    return tables


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.rst")), ids=lambda path: path.stem)
def test_all_findings_are_said_of_the_config_as_shipped(shipped, path):
    """Each belongs to a figure, and none is about something that is not there."""
    text = path.read_text(encoding="utf-8")
    findings.check(text, path)
    assert path.stem in shipped.config.figures
    rows = [
        (name, run, 0, metric, 0.5)
        for name, entry in shipped.config.experiments.items()
        for run in entry.runs
        for metric in [*columns(entry.measure, entry.model, entry.problem), "diverged"]
    ]
    names = ["experiment", "run", "replicate", "metric", "value"]
    summary, settings = pd.DataFrame(rows, columns=names), shipped.report.settings()
    said = findings.render(text, summary, settings, swept_tables(shipped))
    assert len(findings.paragraphs(said)) == len(findings.paragraphs(text))


def test_an_edited_step_size_takes_away_what_was_seen(shipped):
    raw = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    raw["experiments"]["relu_1d"]["runs"]["decay-2"]["schedule"]["step_size"] = 1e-4
    edited = Plan(raw).report.settings()
    text = (FOLDER / "relu_1d.rst").read_text(encoding="utf-8")
    nothing = pd.DataFrame({"experiment": [], "run": [], "metric": [], "value": []})
    assert findings.render(text, nothing, shipped.report.settings())
    assert not findings.render(text, nothing, edited)
    changed = {
        name
        for name, settings_id in shipped.report.settings().items()
        if edited[name] != settings_id
    }
    assert changed == {"experiments.relu_1d", "runs.relu_1d"}


def test_more_replicates_and_measurements_are_the_same_runs(shipped):
    raw = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    raw["experiments"]["diagonal"]["replicates"] = 17
    raw["experiments"]["relu_teacher"]["measure"]["dead"] = None
    before, edited = shipped.report.settings(), Plan(raw).report.settings()
    changed = {name for name, settings_id in before.items() if edited[name] != settings_id}
    assert {"experiments.diagonal", "experiments.relu_teacher"} <= changed
    assert not any(name.startswith("runs.") for name in changed)


def test_captions_say_nothing_that_an_edit_makes_false(shipped):
    """Which figure of the paper it is, and with which settings, findings say under a condition."""
    for name, figure in shipped.config.figures.items():
        assert not re.search(r"Figures? \d|\b[nd] = \d|\d units|divided by", figure.caption), name
