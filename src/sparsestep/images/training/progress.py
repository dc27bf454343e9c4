"""Progress of a training on images, for its log. No part of any fingerprint."""

from tqdm import tqdm


class Progress:
    """Images, images/s and the mean loss of the last epoch, a line every ten seconds.

    The first epoch is not timed: it compiles kernels, and after a resume is no whole one.
    """

    def __init__(self, name: str, iterations: int, batch_size: int):
        self._name = name
        self._iterations = iterations
        self._batch_size = batch_size
        self._bar: tqdm | None = None

    def __call__(self, iteration: int, loss: float) -> None:
        """`iteration` updates are done."""
        done = iteration * self._batch_size
        if self._bar is None:
            total = self._iterations * self._batch_size
            self._bar = tqdm(
                desc=self._name,
                total=total,
                initial=done,
                mininterval=10,
                unit=" images",
                unit_scale=True,
            )
        self._bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
        self._bar.update(done - self._bar.n)
        if iteration == self._iterations:
            self.close()

    def close(self) -> None:
        """End the line."""
        if self._bar is not None:
            self._bar.close()
