"""What README.md tells a user to type works."""

import re
import shlex
import subprocess
import sys

import pytest
import yaml

from conftest import ROOT

README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def commands():
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line]


def test_only_known_commands():
    assert {command.split()[0] for command in commands()} == {"make", "snakemake"}


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("snakemake")])
def test_snakemake_commands(finished, tmp_path, command):
    workflow = finished.copy(tmp_path / "copy")
    (workflow.folder / "results" / "figures" / "curves.png").unlink()
    workflow.run(*shlex.split(command)[1:])
    done = (workflow.folder / "results" / "figures" / "curves.png").exists()
    assert done == ("-n" not in command)


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    for command in commands():
        match command.split():
            case ["make", target]:
                assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


def test_example_experiment(edited):
    (example,) = blocks("yaml")
    added = yaml.safe_load(example)
    added["experiments"]["my_problem"]["iterations"] = 300
    config = edited.config
    config["experiments"] |= added["experiments"]
    config["figures"] |= added["figures"]
    edited.write_config(config)
    planned = edited.planned()
    assert (planned["generate_problem"], planned["train_run"], planned["measure_run"]) == (1, 2, 2)
    edited.run("--cores", "2")
    assert (edited.folder / "results" / "figures" / "my_problem.png").is_file()
    assert edited.planned() == {}


def test_example_in_python():
    (example,) = blocks("python")
    command = [sys.executable, "-W", "error::DeprecationWarning", "-c", example]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "iteration" in done.stdout


def test_error_message_that_is_quoted(edited):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["experiments"]["diagonal"]["runs"]["small"]["schedule"]["step_size"] = -0.25
    edited.write_config(config)
    (quoted,) = blocks("text")
    assert quoted.strip() in edited.snakemake("-n").stdout.splitlines()
