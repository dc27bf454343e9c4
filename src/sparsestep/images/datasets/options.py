"""Options of data sets that come as an archive."""

from typing import Annotated

from pydantic import Field

from sparsestep.fields import Closed


class Downloaded(Closed):
    """Where its archive lies. That decides nothing about the content and is no part of an id."""

    data_dir: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="folder that holds the archive, or gets it; results/data where there is none",
    )
