"""Figures that move: a matplotlib figure, what moves in it, and its GIF."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from PIL import Image

_FRAME_MS = 120
_LAST_FRAME_MS = 3000
_DPI = 100


@dataclass(frozen=True)
class Animation:
    """A figure that shows its last frame, and how to get to the others.

    Attributes:
        figure: with its final layout.
        frames: how many there are.
        moving: artists that differ from frame to frame, lowest first; they lie above all others.
        show: changes `moving` to the frame of this number.
    """

    figure: Figure
    frames: int
    moving: list[Artist]
    show: Callable[[int], None]

    def gif(self) -> bytes:
        """All frames, the last one held, in an endless loop; the same bytes every time.

        What does not move is drawn once, and all frames share the last one's 256 colours, so that
        Pillow stores of every other frame only the pixels that changed.
        """
        images = [Image.fromarray(frame) for frame in self._pixels()]
        palette = _palette(images[-1])
        first, *others = [
            image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images
        ]
        durations = [_FRAME_MS] * (self.frames - 1) + [_LAST_FRAME_MS]
        buffer = io.BytesIO()
        first.save(buffer, "GIF", save_all=True, append_images=others, duration=durations, loop=0)
        return buffer.getvalue()

    def _pixels(self):
        """Every frame, (height, width, 3), uint8."""
        dpi = self.figure.get_dpi()
        self.figure.set_dpi(_DPI)
        for artist in self.moving:
            artist.set_animated(True)
        canvas = self.figure.canvas
        canvas.draw()
        still = canvas.copy_from_bbox(self.figure.bbox)
        for number in range(self.frames):
            canvas.restore_region(still)
            self.show(number)
            for artist in self.moving:
                self.figure.draw_artist(artist)
            yield np.array(canvas.buffer_rgba())[..., :3]
        for artist in self.moving:
            artist.set_animated(False)
        self.figure.set_dpi(dpi)


def _palette(image: Image.Image) -> Image.Image:
    """An image with 256 colours that stand for those of `image`; one of them is white."""
    colours = np.array(image.quantize(256, method=Image.Quantize.MEDIANCUT).getpalette())
    # Median cut mixes the background with the palest greys.
    colours[np.repeat((colours.reshape(-1, 3) > 247).all(axis=1), 3)] = 255
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours.tolist())
    return palette
