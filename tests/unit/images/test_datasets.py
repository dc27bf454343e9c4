"""Data sets: what archives in the published formats decode to, and digits against scikit-learn."""

import socket
import ssl  # noqa: F401  (before `socket.socket` is replaced: it derives a class from it)
import subprocess
import sys
from types import SimpleNamespace

import archives
import numpy as np
import pytest

from sparsestep import registry
from sparsestep.artifacts import arrays, files
from sparsestep.errors import ArtifactError, ConfigError
from sparsestep.images.datasets import moments, prepare
from sparsestep.plan import Plan, datasets


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def touched(*arguments, **options):
        raise AssertionError("the network was touched")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, touched)


def prepared(kind, path):
    spec = {"dataset": {"kind": kind, "data_dir": str(path.parent)}}
    dataset = prepare(spec, md5=archives.md5(path))
    assert dataset.x_train.dtype == dataset.x_test.dtype == np.uint8
    assert dataset.y_train.dtype == dataset.y_test.dtype == np.int64
    assert dataset.mean.dtype == dataset.std.dtype == np.float64
    np.testing.assert_allclose(dataset.mean, dataset.x_train.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(dataset.std, dataset.x_train.std((0, 2, 3)), rtol=1e-12)
    return dataset


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    digits, bundled = prepare({"dataset": {"kind": "digits"}}), load_digits()
    assert digits.x_train.shape == (1442, 1, 8, 8)
    assert digits.x_test.shape == (355, 1, 8, 8)
    seen, rows = dict.fromkeys(range(10), 0), {"train": 0, "test": 0}
    for image, label in zip(bundled.images, bundled.target, strict=True):
        seen[label] += 1
        part = "test" if seen[label] % 5 == 0 else "train"
        row = rows[part]
        np.testing.assert_array_equal(getattr(digits, f"x_{part}")[row, 0], image)
        assert getattr(digits, f"y_{part}")[row] == label
        rows[part] += 1
    assert rows == {"train": 1442, "test": 355}
    np.testing.assert_allclose(digits.mean, digits.x_train.mean(), rtol=1e-14)
    np.testing.assert_allclose(digits.std, digits.x_train.std(), rtol=1e-14)


def test_cifar10(tmp_path):
    members, truth = archives.cifar10()
    # In another order than they are asked for.
    path = tmp_path / "cifar-10-binary.tar.gz"
    archives.write_tar(path, dict(reversed(members.items())))
    dataset = prepared("cifar10", path)
    *train, test = truth.values()
    np.testing.assert_array_equal(dataset.x_train, np.concatenate([x for x, _ in train]))
    np.testing.assert_array_equal(dataset.y_train, np.concatenate([y for _, y in train]))
    np.testing.assert_array_equal(dataset.x_test, test[0])
    np.testing.assert_array_equal(dataset.y_test, test[1])


def test_cifar100_has_the_fine_labels(tmp_path):
    members, truth = archives.cifar100()
    path = archives.write_tar(tmp_path / "cifar-100-binary.tar.gz", members)
    dataset = prepared("cifar100", path)
    for part, (x, y) in zip(("train", "test"), truth.values(), strict=True):
        np.testing.assert_array_equal(getattr(dataset, f"x_{part}"), x)
        np.testing.assert_array_equal(getattr(dataset, f"y_{part}"), y)


def test_tiny_imagenet(tmp_path):
    members = archives.tiny_imagenet()
    grey = np.full((64, 64), 90, dtype=np.uint8)
    name = sorted(archives.CLASSES)[7]
    members[f"{archives.TINY}/train/{name}/images/{name}_2.JPEG"] = archives.jpeg(grey)
    dataset = prepared(
        "tiny_imagenet", archives.write_zip(tmp_path / "tiny-imagenet-200.zip", members)
    )
    np.testing.assert_array_equal(dataset.y_train, np.repeat(np.arange(200), 2))
    assert dataset.x_train.shape == (400, 3, 64, 64)
    np.testing.assert_array_equal(dataset.x_train[14], np.full((3, 64, 64), 90))
    for row, index in ((0, 0), (1, 20), (100, 50), (399, 219)):
        expected = archives.colour(index).transpose(2, 0, 1)
        # JPEG loses a little.
        np.testing.assert_allclose(dataset.x_train[row].astype(int), expected, atol=3)
    # By number: val_2 comes before val_10.
    classes = sorted(archives.CLASSES)
    assert dataset.y_test.tolist() == [classes.index(name) for name in archives.CLASSES[:12]]
    np.testing.assert_allclose(dataset.x_test[:, 0, 0, 0].astype(int), 20 * np.arange(12), atol=3)


def test_moments_are_those_of_float64():
    images = np.random.default_rng(0).integers(256, size=(2345, 3, 4, 5), dtype=np.uint8)
    images[:, 2] = 255
    mean, std = moments(images)
    np.testing.assert_allclose(mean, images.mean((0, 2, 3)), rtol=1e-13)
    np.testing.assert_allclose(std, images.std((0, 2, 3)), rtol=1e-13)
    assert std[2] == 0


def test_where_the_archive_lies_decides_nothing(tmp_path):
    path = archives.write_tar(tmp_path / "cifar-100-binary.tar.gz", archives.cifar100()[0])
    assert prepared("cifar100", path).spec == {"dataset": {"kind": "cifar100"}}


def test_round_trip(tmp_path):
    dataset = prepare({"dataset": {"kind": "digits"}})
    path = tmp_path / "d"
    arrays.write_dataset(path, dataset, files.provenance(dataset.spec, "c0de"))
    read = arrays.read_dataset(path, {"dataset": {"kind": "digits"}})
    for name in ("x_train", "y_train", "x_test", "y_test", "mean", "std"):
        np.testing.assert_array_equal(getattr(read, name), getattr(dataset, name))
        assert getattr(read, name).dtype == getattr(dataset, name).dtype
    with pytest.raises(ArtifactError, match="another configuration"):
        arrays.read_dataset(path, {"dataset": {"kind": "cifar10"}})
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ArtifactError, match="checksum"):
        arrays.read_dataset(path)


@pytest.fixture
def job(tiny):
    """Arguments of the job that prepares a data set."""

    def arguments(name, output):
        plan = Plan(tiny)
        path = datasets.path(name)
        dataset, _, dataset_id = path.removesuffix(".safetensors").split("/")[-1].rpartition("-")
        wildcards = SimpleNamespace(dataset=dataset, dataset_id=dataset_id)
        spec, code = plan.jobs.spec("prepare")(wildcards), plan.jobs.code("prepare")(wildcards)
        return ["--spec", spec, "--code", code, "--output", str(output)]

    return arguments


def run(arguments, folder):
    command = [sys.executable, "-m", "sparsestep.stages.prepare", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_the_stage_prepares_digits(job, tmp_path):
    done = run(job("digits", tmp_path / "d"), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(arrays.read_dataset(tmp_path / "d", {"dataset": {"kind": "digits"}}).x_test) == 355


def test_the_stage_says_what_is_wrong_in_one_line(job, tmp_path):
    folder = tmp_path / "results" / "data"
    folder.mkdir(parents=True)
    archives.write_tar(folder / "cifar-10-binary.tar.gz", archives.cifar10()[0])
    done = run(job("cifar10", tmp_path / "d"), tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "sparsestep prepare: results/data/cifar-10-binary.tar.gz: has the md5"
    )
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "d").exists()


def test_ids_and_unknown_names(tiny):
    plan = Plan(tiny)
    paths = [datasets.path(name) for name in registry.kinds("dataset")]
    assert len(set(paths)) == 6
    with pytest.raises(ConfigError, match="unknown dataset 'svhn'; valid: digits, cifar10"):
        datasets.path("svhn")
    with pytest.raises(ConfigError, match="does not follow from"):
        plan.jobs.spec("prepare")(SimpleNamespace(dataset="digits", dataset_id="0" * 12))
    assert datasets.spec("digits") == {"dataset": {"kind": "digits"}}
