"""Texts in reST as HTML; one that is wrong is refused in a line that names it."""

import re

from docutils.core import publish_doctree, publish_parts
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser
from docutils.readers.standalone import Reader
from docutils.utils import SystemMessage

from sparsestep.errors import ConfigError
from sparsestep.mistakes import shown

# A text may use nothing but the page's own. From an error on docutils stops, where it would write
# into the page what is wrong; with `traceback`, it does not end the process itself.
_DOCUTILS = {"file_insertion_enabled": False, "raw_enabled": False, "report_level": 3}
_DOCUTILS |= {"halt_level": 3, "traceback": True, "warning_stream": False}
# docutils takes longer to collect its settings than to read a text.
_SETTINGS = get_default_settings(Reader, Parser)
vars(_SETTINGS).update(_DOCUTILS)
# "<string>:3: (ERROR/3) Unexpected indentation."
_MESSAGE = re.compile(r".*?:(?P<line>\d*):? \(\w+/\d\) (?P<what>.*?)(\n\n.*)?", re.DOTALL)


def as_html(rest: str, source: str) -> str:
    """The text as HTML; raises ConfigError, which names the source, where it is not valid."""
    try:
        return publish_parts(rest, writer="html5", settings_overrides=_DOCUTILS)["body"]
    except SystemMessage as error:
        raise _refused(error, rest, source) from None


def check(rest: str, source: str) -> None:
    """Raise ConfigError, which names the source, where a text is not valid."""
    try:
        publish_doctree(rest, settings=_SETTINGS.copy())
    except SystemMessage as error:
        raise _refused(error, rest, source) from None


def check_all(texts: dict[str, str]) -> None:
    """The same of several, by their sources."""
    for source, rest in texts.items():
        check(rest, source)


def _refused(error: SystemMessage, rest: str, source: str) -> ConfigError:
    found = _MESSAGE.fullmatch(str(error))
    line, what = found.group("line", "what") if found else ("", str(error))
    # Its number would be that of a text into which numbers have been put.
    lines = dict(enumerate(rest.splitlines(), start=1))
    where = f" at {shown(lines[int(line)].strip())}" if line and int(line) in lines else ""
    return ConfigError(f"{source}: not valid reST{where}: {' '.join(what.split())}")
