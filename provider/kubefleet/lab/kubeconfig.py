"""Kubeconfig files: one merged file for people and tests, one for each program."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from kubefleet.lab.certificates import KeyPair
from kubefleet.lab.folder import write_private


@dataclass(frozen=True, slots=True)
class Context:
    """One cluster as one user reaches it. The files' contents are embedded, so that the result can be moved."""

    name: str
    server: str
    authority: Path
    user: str
    pair: KeyPair


def write_kubeconfig(path: Path, contexts: Iterable[Context]) -> None:
    """Write the contexts (mode 0600); the first is the current one."""
    entries = tuple(contexts)
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": entries[0].name,
        "clusters": [
            {
                "name": entry.name,
                "cluster": {"server": entry.server, "certificate-authority-data": _embedded(entry.authority)},
            }
            for entry in entries
        ],
        "users": [
            {
                "name": f"{entry.user}@{entry.name}",
                "user": {
                    "client-certificate-data": _embedded(entry.pair.certificate),
                    "client-key-data": _embedded(entry.pair.key),
                },
            }
            for entry in entries
        ],
        "contexts": [
            {"name": entry.name, "context": {"cluster": entry.name, "user": f"{entry.user}@{entry.name}"}}
            for entry in entries
        ],
    }
    write_private(path, yaml.safe_dump(content, sort_keys=False))


def _embedded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
