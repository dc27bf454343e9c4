"""Files with step sizes: text or CSV, written by hand or by a program."""

import math
import re
from pathlib import Path

# A million lines; what is longer is another file.
_CHARACTERS = 20_000_000
_TITLES = re.compile(r"[A-Za-z_][\w \t,;]*")


def read(path: str) -> list[tuple[int, float]]:
    """(iteration, step size) of every line of a file; at least one.

    Lines hold a step size each, of iterations 0, 1, 2, ..., or all of them an iteration and a step
    size, with a comma or white space between. Empty lines and what is behind a # do not count; the
    first line may be titles. Raises ValueError, one line that says what is wrong and where.
    """
    entries: list[tuple[int, float]] = []
    columns = 0
    for number, parts in _rows(_content(path)):
        columns = columns or len(parts)
        if len(parts) != columns or columns > 2:
            raise ValueError(
                f"line {number} has {len(parts)} columns; must be step sizes, or iterations and "
                "step sizes, in all lines"
            )
        value = _step_size(parts[-1], number)
        iteration = len(entries) if columns == 1 else _iteration(parts[0], number)
        _check_order(iteration, entries, number)
        entries.append((iteration, value))
    if not entries:
        raise ValueError("has no step size; must have a line `iteration, step size` for each")
    return entries


def _content(path: str) -> str:
    try:
        if not Path(path).is_file():
            where = "" if Path(path).is_absolute() else f" in {Path.cwd()}"
            raise ValueError(f"there is no such file{where}")
        with open(path, encoding="utf-8-sig") as file:
            content = file.read(_CHARACTERS + 1)
    except UnicodeDecodeError:
        raise ValueError("is no text in UTF-8") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if len(content) > _CHARACTERS:
        raise ValueError(f"has more than {_CHARACTERS} characters, and is no table of step sizes")
    return content


def _rows(content: str) -> list[tuple[int, list[str]]]:
    """(number, parts) of each line that says something, but for titles."""
    lines = [line.partition("#")[0].strip() for line in content.split("\n")]
    said = [(number, line) for number, line in enumerate(lines, start=1) if line]
    if said and _TITLES.fullmatch(said[0][1]) and said[0][1].lower() not in ("nan", "inf"):
        del said[0]
    return [(number, re.split(r"\s*,\s*|\s+", line)) for number, line in said]


def _step_size(text: str, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"line {number}: {text[:60]!r} is no number") from None
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"line {number}: {text[:60]!r} must be a finite number above 0")
    return value


def _iteration(text: str, number: int) -> int:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError(f"line {number}: {text[:60]!r} must be an iteration, a whole number")
    return int(text)


def _check_order(iteration: int, before: list[tuple[int, float]], number: int) -> None:
    if not before and iteration != 0:
        raise ValueError(f"line {number}: begins at iteration {iteration}; must begin at 0")
    if before and iteration <= before[-1][0]:
        raise ValueError(
            f"line {number}: iteration {iteration} must be above the one before, {before[-1][0]}"
        )
