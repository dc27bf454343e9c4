"""The example for clusters without Slurm, with the submit command that needs no batch system."""

from conftest import TINY
from slurm.conftest import empty_copy, require_plugin


def test_cluster_generic_profile(local, tmp_path, figure):
    require_plugin("cluster-generic")
    workflow = empty_copy(local, tmp_path / "workflow", TINY)
    profile = ("--workflow-profile", "profiles/cluster-generic")
    output = workflow.run("measurements", *profile, "--seconds-between-status-checks", "1")
    # Both runs are trained and measured in one job; the rest is not submitted.
    assert output.count("with external jobid") == 1
    made = workflow.contents("problems/**/*", "runs/**/*")
    expected = local.contents("problems/**/*", "runs/**/*")
    assert len(made) == 5
    assert made == {name: expected[name] for name in made}
    figure(f"{len(made)} files the same through cluster-generic")
