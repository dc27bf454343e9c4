"""MNIST and Fashion-MNIST: four files in the IDX format, found, downloaded, decoded or refused."""

import functools
import gzip
import http.server
import os
import re
import threading
from dataclasses import replace
from types import SimpleNamespace

import archives
import numpy as np
import pytest
from image_training import make_images, make_spec

from sparsestep import registry
from sparsestep.errors import DataError
from sparsestep.images.compute import Compute
from sparsestep.images.datasets import idx, prepare
from sparsestep.images.datasets.retrieval import bring
from sparsestep.images.facts import Facts
from sparsestep.images.training.loop import train

KINDS = {"mnist": "mnist-", "fashion_mnist": "fashion-mnist-"}
FILES = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
FILES += [name.replace("train", "t10k") for name in FILES]
CONTENTS, ARRAYS = archives.four_idx()
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = range(4)


def published(kind):
    module = registry.load("dataset", kind)
    return [module.ARCHIVE, *module.FURTHER]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes the files of a kind, whose checksums then count as the published ones."""

    def write(kind, contents=CONTENTS, folder=tmp_path, address=None):
        folder.mkdir(exist_ok=True)
        found = []
        for archive, content in zip(published(kind), contents, strict=True):
            path = archives.write_gzip(folder / archive.name, content)
            url = f"{address}/{archive.name}" if address else archive.url
            found.append(replace(archive, url=url, md5=archives.md5(path)))
        module = registry.load("dataset", kind)
        monkeypatch.setattr(module, "ARCHIVE", found[0])
        monkeypatch.setattr(module, "FURTHER", found[1:])
        return [folder / archive.name for archive in found]

    return write


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A local web server of the folder `site`, and what it was asked for."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_request(self, *arguments):
            asked.append(self.path.removeprefix("/"))

        def log_message(self, *arguments):
            pass

    monkeypatch.setenv("NO_PROXY", "*")
    folder = tmp_path / "site"
    folder.mkdir()
    of_folder = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), of_folder) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield SimpleNamespace(folder=folder, url=url, asked=asked)
        server.shutdown()
        thread.join()


def prepared(kind, folder):
    return prepare({"dataset": {"kind": kind, "data_dir": str(folder)}})


@pytest.mark.parametrize("kind", KINDS)
def test_four_files(written, tmp_path, kind):
    written(kind)
    dataset = prepared(kind, tmp_path)
    for part, x, y in (("train", *ARRAYS[:2]), ("test", *ARRAYS[2:])):
        images, labels = getattr(dataset, f"x_{part}"), getattr(dataset, f"y_{part}")
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
        np.testing.assert_array_equal(images, x[:, None])
        np.testing.assert_array_equal(labels, y)
        # Tensors are made of them without a copy.
        assert images.flags.writeable
    assert dataset.spec == {"dataset": {"kind": kind}}
    facts = registry.load("dataset", kind).FACTS
    assert facts == Facts(train=60_000, test=10_000, channels=1, size=28, classes=10)


def test_a_byte_is_where_the_format_has_it(written, tmp_path):
    # The pixel in row 2, column 3 of the second image, written out by hand.
    pixels = bytearray(5 * 28 * 28)
    pixels[28 * 28 + 2 * 28 + 3] = 200
    header = b"\x00\x00\x08\x03\x00\x00\x00\x05\x00\x00\x00\x1c\x00\x00\x00\x1c"
    written("mnist", [header + pixels, *CONTENTS[1:]])
    images = prepared("mnist", tmp_path).x_train
    assert np.argwhere(images).tolist() == [[1, 0, 2, 3]]
    assert images[1, 0, 2, 3] == 200


def test_files_have_names_of_their_own():
    for kind, prefix in KINDS.items():
        files = published(kind)
        assert [archive.name for archive in files] == [f"{prefix}{name}" for name in FILES]
        # At their publishers' without a prefix.
        assert [archive.url.rpartition("/")[2] for archive in files] == FILES
        assert all(archive.url.startswith("https://") for archive in files)
    checksums = [archive.md5 for kind in KINDS for archive in published(kind)]
    assert len({md5 for md5 in checksums if re.fullmatch("[0-9a-f]{32}", md5)}) == 8


# -------------------------------------------------------------------------------------------------


def header(*sizes, magic="00000803"):
    return bytes.fromhex(magic) + b"".join(size.to_bytes(4, "big") for size in sizes)


ONE_MORE = "has more bytes behind its header, not 3920"
REFUSED = {
    "empty": (TRAIN_IMAGES, b"", "truncated or damaged (0 bytes, not a header of 16)"),
    "no-header": (TRAIN_LABELS, CONTENTS[1][:7], "damaged (7 bytes, not a header of 8)"),
    "labels": (
        TRAIN_IMAGES,
        archives.idx(np.zeros(3000)),
        "begins with 00000801, not 00000803, unsigned bytes in 3 dimensions",
    ),
    "images": (
        TEST_LABELS,
        CONTENTS[0],
        "begins with 00000803, not 00000801, unsigned bytes in 1 dimension",
    ),
    "signed": (TRAIN_IMAGES, b"\0\0\x09" + CONTENTS[0][3:], "with 00000903, not"),
    "page": (TEST_IMAGES, b"<html>moved</html>", "begins with 3c68746d, not 00000803"),
    "shape": (TEST_IMAGES, archives.idx(np.zeros((3, 28, 27))), "of 28 x 27 pixels, not 28 x 28"),
    "none": (TRAIN_IMAGES, archives.idx(np.zeros((0, 28, 28))), "it holds 0, not 1 to 60000"),
    "many": (TRAIN_IMAGES, header(60001, 28, 28), "says that it holds 60001, not 1 to 60000"),
    "test": (TEST_IMAGES, header(10001, 28, 28), "says that it holds 10001, not 1 to 10000"),
    "test-labels": (TEST_LABELS, header(10001, magic="00000801"), "it holds 10001, not 1 to 10000"),
    "huge": (TEST_LABELS, header(2**32 - 1, magic="00000801"), "it holds 4294967295, not 1 to"),
    "cut": (TRAIN_IMAGES, CONTENTS[0][:-1], "has 3919 bytes behind its header, not 3920"),
    "trailing": (TRAIN_IMAGES, CONTENTS[0] + b"x", ONE_MORE),
    "more-labels": (TRAIN_LABELS, CONTENTS[1] + b"\x01", "has more bytes behind its header, not 5"),
    "label": (TRAIN_LABELS, CONTENTS[1][:-1] + b"\x0a", "has the label 10, but there are 10 cl"),
    "others": (
        TEST_LABELS,
        archives.idx(np.zeros(4)),
        "has 4 labels, but mnist-t10k-images-idx3-ubyte.gz has 3 images",
    ),
}


def refusal(paths, at):
    """What is said about one of four files; always one line that names it, and nothing is made."""
    before = sorted(paths[0].parent.iterdir())
    with pytest.raises(DataError) as caught:
        prepared("mnist", paths[0].parent)
    assert sorted(paths[0].parent.iterdir()) == before
    text = str(caught.value)
    assert text.startswith(f"{paths[at]}: ")
    assert text.endswith("; delete it, and it will be downloaded again")
    assert "\n" not in text
    return text


@pytest.mark.parametrize(("at", "content", "says"), REFUSED.values(), ids=REFUSED)
def test_refused(written, at, content, says):
    contents = [content if place == at else whole for place, whole in enumerate(CONTENTS)]
    assert says in refusal(written("mnist", contents), at)


def damage(monkeypatch, path, data):
    """Other bytes in a file, with a checksum that is right."""
    path.write_bytes(data)
    module = registry.load("dataset", "mnist")
    files = [
        replace(archive, md5=archives.md5(path)) if archive.name == path.name else archive
        for archive in published("mnist")
    ]
    monkeypatch.setattr(module, "ARCHIVE", files[0])
    monkeypatch.setattr(module, "FURTHER", files[1:])


@pytest.mark.parametrize("at", range(4))
def test_not_gzip_or_not_whole(written, monkeypatch, at):
    paths = written("mnist")
    data = paths[at].read_bytes()
    flipped, no_block = bytearray(data), bytearray(data)
    flipped[-6] ^= 1  # of its checksum
    no_block[10] = 0xFF  # a kind of block that there is not, behind the header
    cut = (b"", data[:5], data[: len(data) // 2], data[:-1])
    for damaged in (*cut, flipped, no_block, data + b"x"):
        damage(monkeypatch, paths[at], bytes(damaged))
        assert "truncated or damaged (" in refusal(paths, at)
    damage(monkeypatch, paths[at], CONTENTS[at])
    assert "truncated or damaged (BadGzipFile)" in refusal(paths, at)


def test_a_file_that_inflates_is_not_read_to_its_end(written, monkeypatch):
    paths = written("mnist")
    bomb = gzip.compress(CONTENTS[0] + bytes(10**7), mtime=0)
    # Whoever reads on comes to where it is cut off.
    damage(monkeypatch, paths[0], bomb[: len(bomb) // 2])
    assert ONE_MORE in refusal(paths, 0)


def test_as_many_images_as_there_are(written):
    paths = written("mnist")
    fact = Facts(train=5, test=3, channels=1, size=28, classes=10)
    further = registry.load("dataset", "mnist").FURTHER
    assert len(idx.decode(paths[0], further, fact)["x_train"]) == 5
    for fewer, says in ((fact._replace(train=4), "1 to 4"), (fact._replace(test=2), "1 to 2")):
        with pytest.raises(DataError, match=says):
            idx.decode(paths[0], further, fewer)


# -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacks", range(4))
def test_the_stage_downloads_what_is_not_there(written, site, tmp_path, lacks):
    paths = written("mnist", folder=site.folder, address=site.url)
    folder = tmp_path / "data"
    folder.mkdir()
    for path in paths[:lacks] + paths[lacks + 1 :]:
        os.link(path, folder / path.name)
    assert len(prepared("mnist", folder).x_test) == 3
    assert site.asked == [paths[lacks].name]
    assert sorted(folder.iterdir()) == sorted(folder / path.name for path in paths)


def test_a_further_file_that_is_another(written, tmp_path):
    paths = written("mnist")
    # Of a right format, but not the published one.
    paths[2].write_bytes(paths[0].read_bytes())
    says = re.escape(f"{paths[2]}: has the md5 {archives.md5(paths[0])}, expected ")
    with pytest.raises(DataError, match=says):
        prepared("mnist", tmp_path)


@pytest.mark.parametrize("from_mirror", [True, False])
def test_four_are_brought_before_the_first_job(written, site, tmp_path, from_mirror):
    address = "http://127.0.0.1:9" if from_mirror else site.url
    names = [path.name for path in written("fashion_mnist", folder=site.folder, address=address)]
    folder = tmp_path / "data"
    folder.mkdir()
    compute = Compute(data_dir=str(folder), mirrors=[site.url] if from_mirror else [])
    for _ in range(2):
        bring("fashion_mnist", compute)
    assert site.asked == names
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    # The stage then needs no network.
    assert len(prepared("fashion_mnist", folder).x_train) == 5
    assert site.asked == names


# -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        {"kind": "densenet", "depth": 7, "growth_rate": 3},
        {"kind": "resnet", "depth": 18, "width": 2},
    ],
    ids=lambda model: model["kind"],
)
def test_networks_take_images_of_this_shape(model):
    images = make_images(count=8, channels=1, size=28, classes=10)
    trajectory = train(images, make_spec(iterations=2, batch_size=4) | {"model": model})
    assert trajectory.diverged_at.tolist() == [-1]
    assert np.isfinite(trajectory.batch_loss).all()
    assert (trajectory.parameters[0, -1] != trajectory.parameters[0, 0]).any()
