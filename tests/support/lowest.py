"""The lowest versions that pyproject.toml allows, a requirement a line, for `make test-lowest`.

All but torch's: other builds than that of constraints.txt may be gigabytes.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def lowest() -> list[str]:
    """`name==version` of what sparsestep and its tests ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["test"]
    pinned = [re.sub(r">=([^,]+).*", r"==\1", requirement) for requirement in asked]
    torch = re.search(r"^torch==.*$", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE)
    return [torch[0] if name.startswith("torch==") else name for name in pinned]


if __name__ == "__main__":
    print("\n".join(lowest()))
