"""Facts about a data set, so that a config is checked before the data set is there."""

from typing import NamedTuple


class Facts(NamedTuple):
    """Numbers of images and classes, and the shape of an image: channels, then size x size.

    A job takes `replicates` of them, one after the other: more than one where training takes not
    much longer than the start of a process that imports torch.
    """

    train: int
    test: int
    channels: int
    size: int
    classes: int
    replicates: int = 1
