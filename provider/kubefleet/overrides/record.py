"""What holds on a cluster as plain data, and the revision that its objects bear there."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from kubefleet.model.override import Bound


def encode_bound(bound: Bound) -> dict[str, Any]:
    """`{rules: [0], values: {cluster.name: eu-1}}`."""
    return {"rules": list(bound.rules), "values": dict(bound.values or {})}


def decode_bound(raw: Any) -> Bound:
    """What `encode_bound` wrote; nothing holds where there is none."""
    if not isinstance(raw, Mapping):
        return Bound()
    return Bound(tuple(int(index) for index in raw.get("rules") or ()), dict(raw.get("values") or {}))


def revision_on(revision: str, bound: Bound) -> str:
    """The placement's revision, made the cluster's own where overrides hold: a label that changes changes it."""
    if not bound.rules:
        return revision
    text = json.dumps(encode_bound(bound), sort_keys=True)
    return f"{revision}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
