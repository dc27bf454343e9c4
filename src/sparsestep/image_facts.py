"""What is known of a data set before it is there, so that a config is checked without it."""

from typing import NamedTuple


class Facts(NamedTuple):
    """Numbers of images and classes, and the shape of an image: channels, then size x size."""

    train: int
    test: int
    channels: int
    size: int
    classes: int
