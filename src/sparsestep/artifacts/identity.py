"""Identity of a spec: what makes two of them the same."""

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """JSON text that is equal for equal values: sorted keys, shortest floats, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def identity(spec: dict[str, Any]) -> str:
    """The id in a path: 12 hex digits of the sha256 of the spec's canonical JSON."""
    return hashlib.sha256(canonical_json(spec).encode()).hexdigest()[:12]
