"""Files that must agree with each other: dependencies, README, layout."""

import ast
import re
import tomllib

import pytest
import survived
import yaml

from conftest import ROOT

# Package names that differ between PyPI and conda.
CONDA_NAMES = {"pytorch": "torch", "snakemake-minimal": "snakemake", "seaborn-base": "seaborn"}
PROFILES = ("default", "slurm", "cluster-generic")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def split(requirement):
    """(name, version range) of "name>=1,<2"; conda's single = is pip's ==."""
    name, operator, version = re.fullmatch(r"([\w-]+)(>=|==|=)(.*)", requirement).groups()
    return name, f"{'==' if operator == '=' else operator}{version}"


def test_environment_yml_has_the_same_dependencies(project):
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = {CONDA_NAMES.get(name, name): version for name, version in map(split, conda)}
    pip = dict(map(split, project["dependencies"] + project["optional-dependencies"]["test"]))
    pip["python"] = project["requires-python"]
    assert conda == pip


def test_environment_yml_names_what_a_cluster_needs(project):
    text = (ROOT / "environment.yml").read_text()
    for extra in ("cluster", "cluster-generic"):
        for requirement in project["optional-dependencies"][extra]:
            assert f"# - {requirement}\n" in text


def test_constraints_pin_every_dependency(project):
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pins = {name.lower(): version for name, version in pins.items()}
    extras = project["optional-dependencies"]
    pinned = ("test", "mutation", "cluster", "cluster-generic")
    for requirement in sum((extras[extra] for extra in pinned), project["dependencies"]):
        assert split(requirement)[0] in pins
    assert pins["torch"] == "2.13.0"


def test_the_page_shows_what_the_suites_recorded():
    assert survived.table_shown() == survived.table()


def test_snakefile_is_short():
    assert len((ROOT / "Snakefile").read_text().splitlines()) <= 50


def test_links_in_documents_lead_somewhere():
    folders = ("results", "benchmarks")
    documents = ["README.md", "CONTRIBUTING.md", "docs/decisions.md", "docs/extending.md"]
    for document in [*documents, *(f"{folder}/README.md" for folder in folders)]:
        text = (ROOT / document).read_text()
        for target in re.findall(r"\]\((?!http)([^)#]+)", text):
            assert ((ROOT / document).parent / target).exists(), f"{document}: {target}"


def test_every_kind_of_figure_has_a_caption():
    from sparsestep import registry

    for kind in registry.FIGURES:
        assert (ROOT / "workflow" / "report" / f"{kind}.rst").is_file()


@pytest.mark.parametrize("profile", PROFILES)
def test_profile_explains_every_entry(profile):
    lines = (ROOT / "profiles" / profile / "config.yaml").read_text().splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if line and line[0] not in "# ":
            assert before.startswith("#"), line


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_repeat_the_default_one(profile):
    # Snakemake reads one workflow profile, and the cores of the default one are this machine's.
    default, entries = (
        yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text())
        for name in ("default", profile)
    )
    assert entries | default | {"cores": entries["cores"]} == entries


# Of the example in docs/extending.md, and what stands for any.
_NO_FILES = {"one_point.py", "line.py", "distance.py", "x.py"}
_FILE = re.compile(r"(?<![\w/.<>{}*-])((?:[a-z_][\w-]*/)*[a-z_]\w*\.(?:py|smk))\b")


def test_modules_that_documents_and_comments_name_are_there():
    folders = ("src", "workflow", "tests", "benchmarks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    parts = [path.relative_to(ROOT).parts for path in files]
    there = {"/".join(each[first:]) for each in parts for first in range(len(each))}
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "config.yaml"]
    documents += (ROOT / "docs").glob("*.md")
    sources = [path for path in files if path.suffix in (".py", ".smk", ".rst", ".html")]
    texts = {path: path.read_text("utf-8") for path in [*documents, *sources]}
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in texts.items()
        if ROOT / "tests" not in path.parents
        for name in _FILE.findall(text)
        if name not in there and name.rpartition("/")[2] not in _NO_FILES
    ]
    assert missing == []


def test_titles_of_modules_are_names():
    """A title names what the file holds; a question word begins a clause."""
    clauses = ("What ", "How ", "Whether ", "Which ", "Where ", "When ")
    titles = {
        path: (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n")[0]
        for path in (ROOT / "src" / "sparsestep").rglob("*.py")
    }
    assert all(titles.values())
    assert [path.name for path, title in titles.items() if title.startswith(clauses)] == []
