"""Files that must agree with each other: dependencies, README, layout."""

import re
import tomllib

import pytest
import yaml

from conftest import ROOT

# Package names that differ between PyPI and conda.
CONDA_NAMES = {"pytorch": "torch", "snakemake-minimal": "snakemake", "seaborn-base": "seaborn"}


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


def test_constraints_pin_every_dependency(project):
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pins = {name.lower(): version for name, version in pins.items()}
    for requirement in project["dependencies"] + project["optional-dependencies"]["test"]:
        assert split(requirement)[0] in pins
    assert pins["torch"] == "2.13.0"


def test_snakefile_is_short():
    assert len((ROOT / "Snakefile").read_text().splitlines()) <= 50


def test_links_in_documents_lead_somewhere():
    for document in ("README.md", "CONTRIBUTING.md", "results/README.md", "benchmarks/README.md"):
        text = (ROOT / document).read_text()
        for target in re.findall(r"\]\((?!http)([^)#]+)", text):
            assert ((ROOT / document).parent / target).exists(), f"{document}: {target}"


def test_every_kind_of_figure_has_a_caption():
    from sparsestep import registry

    for kind in registry.FIGURES:
        assert (ROOT / "workflow" / "report" / f"{kind}.rst").is_file()


def test_default_profile_explains_every_entry():
    lines = (ROOT / "profiles" / "default" / "config.yaml").read_text().splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if line and not line.startswith("#"):
            assert before.startswith("#"), line
