"""Small archives in the formats of the published ones."""

import gzip
import hashlib
import io
import tarfile
import zipfile

import numpy as np
from PIL import Image

CIFAR10 = "cifar-10-batches-bin"
CIFAR100 = "cifar-100-binary"
TINY = "tiny-imagenet-200"
CLASSES = [f"n{1000 * (k * 77 % 200):08}" for k in range(200)]  # not sorted


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def cifar10(images=3):
    """{member: content} and {member: (images, labels)} of an archive with a few images a member."""
    names = [f"{CIFAR10}/data_batch_{part}.bin" for part in range(1, 6)]
    return _cifar([*names, f"{CIFAR10}/test_batch.bin"], images, 10, False)


def cifar100(images=4):
    """The same for CIFAR-100."""
    return _cifar([f"{CIFAR100}/train.bin", f"{CIFAR100}/test.bin"], images, 100, True)


def _cifar(names, images, classes, coarse):
    rng = np.random.default_rng(0)
    members, truth = {f"{names[0].partition('/')[0]}/readme.html": b"<html>"}, {}
    for name in names:
        x = rng.integers(256, size=(images, 3, 32, 32), dtype=np.uint8)
        y = rng.integers(classes, size=images)
        y[0] = classes - 1
        records = [
            bytes([255] * coarse + [label]) + image.tobytes()
            for image, label in zip(x, y, strict=True)
        ]
        members[name], truth[name] = b"".join(records), (x, y)
    return members, truth


def idx(array):
    """An array of bytes in the IDX format, not yet compressed."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def four_idx(train=5, test=3):
    """Contents of the four files of a data set like MNIST, and their arrays, in the same order."""
    rng, arrays = np.random.default_rng(0), []
    for images in (train, test):
        arrays.append(rng.integers(256, size=(images, 28, 28), dtype=np.uint8))
        arrays.append(np.append(rng.integers(10, size=images - 1), 9))
    return [idx(array) for array in arrays], arrays


def write_gzip(path, content):
    path.write_bytes(gzip.compress(content, compresslevel=1, mtime=0))
    return path


def write_tar(path, members):
    """tar.gz of members: bytes, or a TarInfo without content."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in _items(members):
            if isinstance(content, bytes):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                archive.addfile(content)
    return path


def write_zip(path, members):
    """zip of members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _items(members):
            archive.writestr(name, content)
    return path


def _items(members):
    # Pairs, where a name is to occur twice.
    return members.items() if isinstance(members, dict) else members


def jpeg(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def colour(index, side=64):
    """A plain image whose colour says which it is."""
    return np.full((side, side, 3), (index % 250, 100, 250 - index % 250), dtype=np.uint8)


def tiny_imagenet():
    """{member: content}: two training images a class, numbers 2 and 10; twelve for validation."""
    members = {f"{TINY}/wnids.txt": "\n".join(CLASSES) + "\n", f"{TINY}/words.txt": "words"}
    for k, name in enumerate(sorted(CLASSES)):
        members[f"{TINY}/train/{name}/{name}_boxes.txt"] = "0 0 1 1"
        for number in (10, 2):
            image = f"{TINY}/train/{name}/images/{name}_{number}.JPEG"
            members[image] = jpeg(colour(k + 20 * (number == 10)))
    lines = []
    for number in range(12):
        members[f"{TINY}/val/images/val_{number}.JPEG"] = jpeg(colour(20 * number))
        lines.append(f"val_{number}.JPEG\t{CLASSES[number]}\t0\t32\t44\t62")
    members[f"{TINY}/val/val_annotations.txt"] = "\n".join(lines) + "\n"
    members[f"{TINY}/test/images/test_0.JPEG"] = b"of no consequence"
    return members
