"""Archives that are not what they should be, and downloads that fail: one line each, no file."""

import gzip
import http.server
import shutil
import socket
import tarfile
import threading
import warnings

import archives
import pytest
from archives import CIFAR10, CIFAR100, CLASSES, TINY

from sparsestep.errors import DataError, SparsestepError
from sparsestep.images.datasets import members, prepare
from sparsestep.images.datasets.download import Archive, fetch

NAMES = {
    "cifar10": "cifar-10-binary.tar.gz",
    "cifar100": "cifar-100-binary.tar.gz",
    "tiny_imagenet": "tiny-imagenet-200.zip",
}


def refusal(kind, path):
    """What is said about an archive whose checksum is right; always one line that names it."""
    spec = {"dataset": {"kind": kind, "data_dir": str(path.parent)}}
    before = sorted(path.parent.iterdir())
    with pytest.raises(DataError) as caught:
        prepare(spec, md5=archives.md5(path))
    assert sorted(path.parent.iterdir()) == before
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert text.endswith("; delete it, and it will be downloaded again")
    assert "\n" not in text
    return text


def refused_tar(folder, kind, changes, extra=()):
    contents = {"cifar10": archives.cifar10, "cifar100": archives.cifar100}[kind]()[0] | changes
    pairs = [(name, content) for name, content in contents.items() if content is not None]
    return refusal(kind, archives.write_tar(folder / NAMES[kind], [*pairs, *extra]))


RECORD = bytes(3073)
TEST = f"{CIFAR10}/test_batch.bin"


def link(name, kind):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize(
    ("kind", "changes", "says"),
    [
        ("cifar10", {TEST: None}, "lacks cifar-10-batches-bin/test_batch.bin"),
        ("cifar10", {TEST: RECORD + b"x"}, "has the wrong size, 3074 bytes, not records of 3073"),
        ("cifar10", {TEST: b""}, "has the wrong size, 0 bytes"),
        (
            "cifar10",
            {TEST: RECORD * 10001},
            "test_batch.bin has 30733073 bytes, more than 30730000",
        ),
        ("cifar10", {TEST: b"\x0a" + RECORD[1:]}, "has the label 10, but there are 10 classes"),
        ("cifar10", {TEST: link(TEST, tarfile.SYMTYPE)}, "test_batch.bin is not a plain file"),
        ("cifar10", {TEST: link(TEST, tarfile.LNKTYPE)}, "test_batch.bin is not a plain file"),
        ("cifar10", {TEST: link(TEST, tarfile.DIRTYPE)}, "test_batch.bin is not a plain file"),
        ("cifar10", {"../x": b"x"}, "the path of member '../x' leaves its folder"),
        ("cifar10", {f"{CIFAR10}/../../x": b"x"}, "leaves its folder"),
        ("cifar10", {"/etc/x\ny": b"x"}, r"the path of member '/etc/x\ny' leaves its folder"),
        ("cifar10", {"C:\\x": b"x"}, "leaves its folder"),
        ("cifar100", {f"{CIFAR100}/train.bin": None}, "lacks cifar-100-binary/train.bin"),
        ("cifar100", {f"{CIFAR100}/test.bin": b"\x00\x64" + bytes(3072)}, "has the label 100"),
        ("cifar100", {f"{CIFAR100}/test.bin": RECORD}, "not records of 3074 bytes"),
    ],
)
def test_tar(tmp_path, kind, changes, says):
    assert says in refused_tar(tmp_path, kind, changes)


def test_tar_with_a_member_twice(tmp_path):
    assert f"holds {TEST} twice" in refused_tar(tmp_path, "cifar10", {}, [(TEST, RECORD)])


def test_tar_that_inflates(tmp_path, monkeypatch):
    # Nobody asks for this member, but to skip it is to inflate it.
    monkeypatch.setattr(members, "_OTHERS", 2**10)
    bomb = {f"{CIFAR100}/bomb": bytes(60000 * 3074)}
    assert "inflates to more than it can hold" in refused_tar(tmp_path, "cifar100", bomb)


@pytest.mark.parametrize("keep", [0, 5, 0.5, 0.9])
@pytest.mark.parametrize("kind", NAMES)
def test_truncated(tmp_path, kind, keep):
    path = tmp_path / NAMES[kind]
    if kind == "tiny_imagenet":
        archives.write_zip(path, archives.tiny_imagenet())
    else:
        archives.write_tar(path, getattr(archives, kind)()[0])
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if keep < 1 else keep])
    assert "truncated or damaged" in refusal(kind, path)


@pytest.mark.parametrize("kind", NAMES)
def test_not_an_archive(tmp_path, kind):
    path = tmp_path / NAMES[kind]
    path.write_bytes(b"<html>moved</html>" * 100)
    assert "truncated or damaged" in refusal(kind, path)


def test_no_tar_inside(tmp_path):
    path = tmp_path / NAMES["cifar10"]
    path.write_bytes(gzip.compress(b"<html>moved</html>" * 100))
    assert "truncated or damaged" in refusal("cifar10", path)


FIRST = f"{TINY}/train/{CLASSES[0]}/images/{CLASSES[0]}_2.JPEG"
NOTES = f"{TINY}/val/val_annotations.txt"
VAL = f"{TINY}/val/images/val_3.JPEG"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({f"{TINY}/wnids.txt": None}, "lacks tiny-imagenet-200/wnids.txt"),
        ({f"{TINY}/wnids.txt": "n1\nn2"}, "wnids.txt names 2 classes, not 200"),
        ({NOTES: None}, "lacks tiny-imagenet-200/val/val_annotations.txt"),
        (
            {NOTES: "val_0.JPEG\tn9\t0"},
            "the label of tiny-imagenet-200/val/images/val_0.JPEG is 'n9'",
        ),
        (
            {NOTES: f"val_0.JPEG\t{CLASSES[0]}\t0"},
            "val_1.JPEG is 'none', which is not in wnids.txt",
        ),
        ({VAL: None}, "lacks 'tiny-imagenet-200/val/images/val_3.JPEG', which val_annotations"),
        ({f"{TINY}/train/n9/images/n9_0.JPEG": b"x"}, "training images of 'n9', which is not in"),
        (
            {FIRST: None, FIRST.replace("_2", "_10"): None},
            f"lacks training images of '{CLASSES[0]}'",
        ),
        ({FIRST: archives.jpeg(archives.colour(0, 65))}, "has 65 x 65 pixels, not 64 x 64"),
        ({FIRST: archives.jpeg(archives.colour(0))[:300]}, "_2.JPEG is not a whole JPEG image"),
        ({FIRST: b"GIF89a"}, "_2.JPEG is not a whole JPEG image"),
        ({VAL: b""}, "val_3.JPEG is not a whole JPEG image"),
        ({VAL: bytes(2**20 + 1)}, "val_3.JPEG has 1048577 bytes, more than 1048576"),
        ({NOTES: bytes(2**24 + 1)}, "val_annotations.txt has 16777217 bytes, more than"),
        ({"../x": b"x"}, "the path of member '../x' leaves its folder"),
        ({"/x": b"x"}, "the path of member '/x' leaves its folder"),
        ({f"{TINY}\\..\\x": b"x"}, "leaves its folder"),
    ],
)
def test_zip(tmp_path, changes, says):
    contents = archives.tiny_imagenet() | changes
    kept = {name: content for name, content in contents.items() if content is not None}
    path = archives.write_zip(tmp_path / NAMES["tiny_imagenet"], kept)
    assert says in refusal("tiny_imagenet", path)


def test_image_of_a_size_that_does_not_fit_into_memory(tmp_path):
    # The header of a small file may claim 65000 x 65000 pixels.
    content = bytearray(archives.jpeg(archives.colour(0)))
    at = content.index(b"\xff\xc0") + 5
    for side, says in ((65000, "not a whole JPEG"), (10000, "has 10000 x 10000 pixels")):
        content[at : at + 4] = side.to_bytes(2, "big") * 2
        changed = archives.tiny_imagenet() | {FIRST: bytes(content)}
        path = archives.write_zip(tmp_path / NAMES["tiny_imagenet"], changed)
        assert says in refusal("tiny_imagenet", path)


def test_zip_with_a_member_twice(tmp_path):
    pairs = [*archives.tiny_imagenet().items(), (VAL, b"x")]
    with warnings.catch_warnings(action="ignore"):
        path = archives.write_zip(tmp_path / NAMES["tiny_imagenet"], pairs)
    assert f"holds {VAL} twice" in refusal("tiny_imagenet", path)


def test_zip_with_a_changed_byte(tmp_path):
    path = archives.write_zip(tmp_path / NAMES["tiny_imagenet"], archives.tiny_imagenet())
    data = bytearray(path.read_bytes())
    at = data.index(FIRST.encode()) + len(FIRST) + 50
    data[at] ^= 255
    path.write_bytes(data)
    assert "truncated or damaged" in refusal("tiny_imagenet", path)


# -------------------------------------------------------------------------------------------------


@pytest.fixture
def site(monkeypatch):
    """A local web server: what it answers to a path, and what it was asked for."""
    answers, asked = {}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, content, length = answers[self.path]
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    monkeypatch.setenv("NO_PROXY", "*")
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", answers, asked
        server.shutdown()
        thread.join()


MD5_OF_ABC = "900150983cd24fb0d6963f7d28e17f72"


def test_download(site, tmp_path):
    url, answers, asked = site
    answers["/a.zip"] = (200, b"abc", 3)
    archive = Archive("a.zip", f"{url}/a.zip", MD5_OF_ABC)
    folder = tmp_path / "new" / "folder"
    for _ in range(2):
        assert fetch(archive, folder) == folder / "a.zip"
    assert (folder / "a.zip").read_bytes() == b"abc"
    assert asked == ["/a.zip"]
    assert [path.name for path in folder.iterdir()] == ["a.zip"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, b"abd", 3), "what came has another checksum"),
        ((200, b"", 0), "what came has another checksum"),
        ((200, b"ab", 3), "ChunkedEncodingError"),
        ((404, b"gone", 4), "HTTP status 404"),
        ((503, b"", 0), "HTTP status 503"),
    ],
)
def test_failed_download(site, tmp_path, answer, why):
    url, answers, _ = site
    answers["/a.zip"] = answer
    with pytest.raises(DataError) as caught:
        fetch(Archive("a.zip", f"{url}/a.zip", MD5_OF_ABC), tmp_path)
    text = str(caught.value)
    expected = (
        f"{tmp_path / 'a.zip'}: cannot be downloaded from {url}/a.zip ({why}); try again, or "
    )
    assert text == f"{expected}put the file there yourself, md5 {MD5_OF_ABC}"
    assert list(tmp_path.iterdir()) == []


def test_no_network(tmp_path, monkeypatch):
    def unreachable(*arguments, **options):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    for kind, name in NAMES.items():
        with pytest.raises(SparsestepError) as caught:
            prepare({"dataset": {"kind": kind, "data_dir": str(tmp_path)}})
        text = str(caught.value)
        assert text.startswith(f"{tmp_path / name}: cannot be downloaded from http")
        assert "(ConnectionError); try again, or put the file there yourself, md5" in text
        assert "\n" not in text
    assert list(tmp_path.iterdir()) == []


def test_wrong_checksum_of_a_file_that_is_there(site, tmp_path):
    url, _, asked = site
    (tmp_path / "a.zip").write_bytes(b"the user's own")
    with pytest.raises(
        DataError, match=r"a\.zip: has the md5 \w{32}, expected 9001.*; delete it, and"
    ):
        fetch(Archive("a.zip", f"{url}/a.zip", MD5_OF_ABC), tmp_path)
    assert (tmp_path / "a.zip").read_bytes() == b"the user's own"
    assert asked == []


def test_folders_that_cannot_be_used(tmp_path):
    archive = Archive("a.zip", "http://127.0.0.1:9/a.zip", MD5_OF_ABC)
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file" / "below", tmp_path / "file"):
        with pytest.raises(DataError, match="no folder that can be written: "):
            fetch(archive, folder)
    (tmp_path / "a.zip").mkdir()
    with pytest.raises(DataError, match=r"a\.zip: cannot be read: Is a directory"):
        fetch(archive, tmp_path)


def test_full_disk(site, tmp_path, monkeypatch):
    url, answers, _ = site
    answers["/a.zip"] = (200, b"abc", 3)

    def full(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "move", full)
    with pytest.raises(DataError, match=r"\(No space left on device\)"):
        fetch(Archive("a.zip", f"{url}/a.zip", MD5_OF_ABC), tmp_path)
    assert list(tmp_path.iterdir()) == []
