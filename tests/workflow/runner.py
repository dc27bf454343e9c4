"""A copy of the workflow in a folder of its own, and Snakemake in it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import source_edits
import yaml

from conftest import ROOT

WORKFLOW = ("Snakefile", "workflow", "profiles", "src")


class Workflow:
    """A folder with the workflow's sources and a config of its own."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def create(cls, folder: Path, config: dict) -> "Workflow":
        """Copy the repository's sources; write `config` as config.yaml."""
        folder.mkdir(parents=True)
        for name in WORKFLOW:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
                shutil.copytree(source, folder / name, ignore=ignored)
            else:
                shutil.copy2(source, folder / name)
        workflow = cls(folder)
        workflow.write_config(config)
        return workflow

    def copy(self, folder: Path) -> "Workflow":
        """The same folder elsewhere, results and Snakemake's records included, times kept."""
        shutil.copytree(self.folder, folder)
        return Workflow(folder)

    def forget(self) -> None:
        """Delete everything that Snakemake made, but compiled kernels."""
        for name in ("results", ".snakemake"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    @property
    def config(self) -> dict:
        """The content of config.yaml."""
        return yaml.safe_load((self.folder / "config.yaml").read_text())

    def write_config(self, config: dict) -> None:
        """Replace config.yaml."""
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def change(self, *path_and_value) -> None:
        """Set the value at a path of keys in config.yaml."""
        *path, last, value = path_and_value
        config = self.config
        place = config
        for part in path:
            place = place[part]
        place[last] = value
        self.write_config(config)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text in a source file, which must be there."""
        path = self.folder / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new))

    def append(self, file: str, line: str) -> None:
        """Write a line behind the last one of a source file."""
        source_edits.append(self.folder / file, line)

    def command(self, *options: str) -> list[str]:
        """Snakemake's command line."""
        return [sys.executable, "-m", "snakemake", *options]

    def snakemake(self, *options: str, **others) -> subprocess.CompletedProcess:
        """Run Snakemake to its end, whatever that is."""
        return subprocess.run(
            self.command(*options),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **others,
        )

    def start(self, *options: str, output=subprocess.DEVNULL) -> subprocess.Popen:
        """Start Snakemake in a process group of its own, for `kill_everything`."""
        return subprocess.Popen(
            self.command(*options),
            cwd=self.folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def run(self, *options: str, **others) -> str:
        """Run Snakemake; it must succeed."""
        done = self.snakemake(*options, **others)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def planned(self) -> dict[str, int]:
        """Jobs that a dry run counts, by rule, without `all`."""
        output = self.run("-n")
        if "Nothing to be done" in output:
            return {}
        table = output.split("Job stats:")[1].split("total")[0]
        jobs = re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)
        assert jobs, output
        return {rule: int(count) for rule, count in jobs if rule != "all"}

    def contents(self, *patterns: str) -> dict[str, bytes]:
        """Bytes of the files under results/ that match, by path."""
        results = self.folder / "results"
        return {
            str(path.relative_to(results)): path.read_bytes()
            for pattern in patterns
            for path in sorted(results.glob(pattern))
            if path.is_file()
        }


TABLES = ("summary.csv", "divergence.csv", "claims.csv", "published.csv")
ARTEFACTS = ("problems/**/*", "runs/**/*", "figures/*", *TABLES, "report.html")


def kill_everything(started: subprocess.Popen) -> None:
    """kill -9 of the process group, and of whatever left it."""
    process = psutil.Process(started.pid)
    family = [process, *process.children(recursive=True)]
    os.killpg(started.pid, signal.SIGKILL)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    started.wait()
