"""config.yaml as text: bytes flipped, inserted and deleted, lines moved, and YAML's own traps.

Read as the workflow reads it: checked as a file, loaded by Snakemake, planned.
"""

from collections import Counter

import pytest
import survived
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snakemake.common.configfile import load_configfile

from conftest import TINY, with_simulations
from faults import asked, malformed
from faults.bounds import bounded
from sparsestep.config import text as config_file
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan
from workflow.runner import Workflow

ANCHORS = """
# A comment, an anchor, a merge.
experiments:
  first:
    replicates: 3
    iterations: 60
    problem: &problem {kind: sparse_regression, n_train: 6, n_test: 30, dimension: 8, support: 2,
      data_seed: 0, order_seed: 1}
    model: &model {kind: diagonal, u: 0.1, v: 0.0}
    runs:
      small: &run
        schedule: {kind: constant, step_size: 1e-2}
      other: {<<: *run, label: "another one"}
    measure: {losses:, step_size:}
  second:
    replicates: 1
    iterations: 6e1
    problem: {<<: *problem, support: 1}
    model: *model
    runs: {one: *run}
    measure:
      losses:
figures:
  curves: {kind: training_curves, experiment: first, panels: [train_loss]}
"""
BASES = [ANCHORS.encode(), yaml.safe_dump(with_simulations(TINY), sort_keys=False).encode()]

PIECES = [b"\t", b"\r\n", b"\x00", b"\x07", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80"]
PIECES += [b"\xc3", b"&a ", b"*a", b"*problem", b"<<: *run\n", b"{", b"}", b"[", b"]", b"'", b'"']
PIECES += [b": ", b":", b"- ", b"# ", b"? ", b"@", b"`", b"%", b"---\n", b"...\n", b"%YAML 9.9\n"]
PIECES += [b"\n", b"\n\n", b"  ", b"      ", b"yes", b"no", b"1e-5", b".inf", b".nan", b"-0.0"]
PIECES += [b"~", b"0o7", b"0b_", b"0x_", b"1:30", b"2024-13-45", b"2024-01-01", b"!!binary "]
PIECES += [b"!!set ", b"!!omap ", b"!!str ", b"!!int ", b"!x ", b"!!timestamp "]
PIECES += [b'!!python/object/apply:os.system ["touch PWNED"] ', b"!!python/name:os.system "]
PIECES += [b"!!python/tuple ", b"__use_yte__: true\n", b"?if True:\n", b'"\\ud800"', b'"\\0"']
PIECES += [b'"\\x1b[2J"', b">-\n", b"=", b"<<", b"null", b"kind", b"experiments:"]
PIECES += [b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"e\xcc\x81", b"\xe2\x80\xa8"]
PIECES += [b"9" * 5000, b"[" * 3000]
pieces = st.one_of(st.sampled_from(PIECES), st.binary(max_size=4))
at = st.floats(0, 1)
edits = st.one_of(
    st.tuples(st.just("insert"), at, pieces),
    st.tuples(st.just("replace"), at, pieces),
    st.tuples(st.just("delete"), at, st.integers(1, 60)),
    st.tuples(st.just("flip"), at, st.integers(0, 7)),
    st.tuples(st.just("double line"), at, st.none()),
    st.tuples(st.just("delete line"), at, st.none()),
    st.tuples(st.just("indent line"), at, st.sampled_from([b" ", b"  ", b"\t", b"    "])),
    st.tuples(st.just("move line"), at, at),
)


def edited(text: bytes, what: str, where: float, value) -> bytes:
    """The text with one edit."""
    place = int(where * len(text))
    if what == "insert":
        return text[:place] + value + text[place:]
    if what == "replace":
        return text[:place] + value + text[place + len(value) :]
    if what == "delete":
        return text[:place] + text[place + value :]
    if what == "flip":
        place = min(place, len(text) - 1)
        return text[:place] + bytes([text[place] ^ 1 << value]) + text[place + 1 :]
    lines = text.splitlines(keepends=True) or [b""]
    number = min(int(where * len(lines)), len(lines) - 1)
    line = lines[number]
    if what == "indent line":
        lines[number] = value + line
    elif what == "double line":
        lines.insert(number, line)
    else:
        del lines[number]
        if what == "move line":
            lines.insert(int(value * len(lines)), line)
    return b"".join(lines)


def read(path) -> Plan:
    """As the workflow does."""
    config_file.check(path)
    return Plan(load_configfile(str(path)))


def outcome(path) -> str:
    """What comes of this file; fails where that is nothing a user should see."""
    try:
        with bounded():
            found = asked.ask(read(path))
    except ConfigError as error:
        for line in str(error).split("\n"):
            assert line.isprintable(), line
            in_file = line.startswith((f"{path}: ", f"{path}, line "))
            assert in_file or malformed.leads_there(line, load_configfile(str(path))), line
        return "refused"
    assert all(asked.is_safe(path) for path in found)
    return "harmless"


def test_edited_texts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, count = tmp_path / "config.yaml", Counter()

    @settings(
        max_examples=600, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.sampled_from(BASES), st.lists(edits, min_size=1, max_size=3))
    def run(text, changes):
        for change in changes:
            text = edited(text, *change)
        path.write_bytes(text)
        count[outcome(path)] += 1

    for text in BASES:
        path.write_bytes(text)
        assert outcome(path) == "harmless"
    run()
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.yaml"]
    assert count["refused"] >= 300
    survived.record(
        "A config.yaml with bytes and lines changed",
        f"{count.total()} texts: {count['refused']} refused, {count['harmless']} harmless",
    )


def laughs(levels: int, first: str, more: str) -> str:
    """Anchors that double with every level."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {more.format(f'*a{n - 1}')}" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


OF_ONE = "experiments: {one: &one {title: "
# The text, and what is said of it.
TRAPS = {
    "nothing": ("", "got nothing; must be a block"),
    "comments": ("# nothing\n", "got nothing; must be a block"),
    "text": ("experiments", "got 'experiments'; must be a block"),
    "list": ("- experiments\n", "got a list; must be a block"),
    "two documents": ("a: 1\n---\nb: 1\n", "not valid YAML: but found another document"),
    "laughs": (laughs(60, "[x, x]", "[{0}, {0}]"), "stands for "),
    "laughs in blocks": (laughs(60, "{x: 1}", "{{a: {0}, b: {0}}}"), "stands for "),
    "laughs in merges": (laughs(60, "{x: 1}", "{{<<: [{0}, {0}]}}"), "merges (<<) more than 10000"),
    "block in itself": (f"{OF_ONE}*one}}}}", "line 1: this block or list is part of itself"),
    "merge of itself": ("a: &a {<<: *a}", "line 1: merges (<<) itself"),
    "deep": ("a: " + "[" * 100_000, "lie too deep inside each other"),
    "deep blocks": (
        "\n".join(" " * n + "a:" for n in range(400)),
        "lists inside each other, more than 50",
    ),
    "code": ("a: !!python/object/apply:os.system [touch PWNED]", "python/object/apply:os.system'"),
    "name": ("a: !!python/name:os.system", "line 1: the tag '!!python/name:os.system'"),
    "binary": ("a: !!binary aGk=", "the tag '!!binary' is not supported"),
    "set": ("a: !!set {x}", "the tag '!!set' is not supported"),
    "template": ("__use_yte__: true\na: ?open('PWNED', 'w')", "templates (__use_yte__)"),
    "key that is a list": ("a: 1\n[b]: 2\n", "line 2: a key must be text, not a block or a list"),
    "number as key": (f"{OF_ONE}x, 1: 2}}}}", "experiments.one.1: got 1; a key must be text"),
    "on as key": (f"{OF_ONE}x, on: 2}}}}", "experiments.one.True: got True; a key must be text"),
    "twice": ("a: 1\nb: 2\na: 3\n", "line 3: 'a' is there twice"),
    "no date": ("a: 2024-13-45", "line 1: got '2024-13-45', which is no valid timestamp"),
    "a date": (f"{OF_ONE}2024-01-01}}}}", "one.title: got datetime.date(2024, 1, 1); must be text"),
    "a comment as value": (f"{OF_ONE}#d62728\n}}}}", "one.title: got nothing; write a value"),
    "no number": ("a: 0b_", "line 1: got '0b_', which is no valid int"),
    "5000 digits": (f"a: {'9' * 5000}", "line 1: got '9999"),
    "hexadecimal": (f"{OF_ONE}0x{'f' * 5000}}}}}", "title: got a number of about 6020 digits"),
    "surrogate": (OF_ONE + r'"\ud800"}}', r"title: got '\ud800'; must not have control characters"),
    "NUL": ("a: \0", "not valid YAML: unacceptable character #x0000"),
    "tab": ("a:\n\tb: 1\n", "line 2: not valid YAML: found character '\\t' that cannot start"),
    "JSON": ('{"experiments": {"one": NaN}}', "experiments.one: got nan; must be a block"),
    "JSON twice": ('{"a": 1,\n"a": 2}', "line 2: 'a' is there twice"),
    "JSON, deep": ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", "lie too deep inside each other"),
}


@pytest.mark.parametrize(("text", "says"), TRAPS.values(), ids=TRAPS)
def test_traps(tmp_path, monkeypatch, text, says):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with bounded(), pytest.raises(ConfigError) as caught:
        read(path)
    assert says in str(caught.value).splitlines()[0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-32"])
def test_other_encodings(tmp_path, encoding):
    path = tmp_path / "config.yaml"
    path.write_bytes(("# ä\n" + ANCHORS).encode(encoding))
    assert outcome(path) == "refused"


def test_what_editors_of_windows_write_is_read(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + ANCHORS.replace("\n", "\r\n").encode())
    assert outcome(path) == "harmless"


SHOWN = ("nothing", "list", "laughs", "laughs in merges", "merge of itself", "deep", "code", "set")
SHOWN += ("block in itself", "template", "key that is a list", "5000 digits", "NUL", "JSON, deep")


def test_snakemake_says_so_too(tmp_path):
    workflow = Workflow.create(tmp_path / "workflow", TINY)
    for name in SHOWN:
        text, says = TRAPS[name]
        (workflow.folder / "config.yaml").write_text(text)
        done = workflow.snakemake("--cores", "1")
        assert done.returncode == 1, name
        assert says in done.stdout, done.stdout
        assert "Traceback" not in done.stdout, done.stdout
        assert not (workflow.folder / "results").exists()
        assert not (workflow.folder / "PWNED").exists()
    survived.record(
        "Traps of YAML: tags, anchors that multiply, templates, ...",
        f"{len(TRAPS)}, {len(SHOWN)} of them through `snakemake`: refused, none executed",
    )
