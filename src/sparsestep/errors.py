"""The errors that a user is meant to read: each message is one line."""


class SparsestepError(Exception):
    """Something the user can mend; the message names what is wrong and what would be valid."""


class ConfigError(SparsestepError):
    """config.yaml holds a value that is not valid."""


class DataError(SparsestepError):
    """A data set cannot be downloaded, or its archive is not what it should be."""


class ArtifactError(SparsestepError):
    """A file under results/ is missing, damaged, or does not belong to the job that reads it."""
