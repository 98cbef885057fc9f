"""Kubeconfig files: one merged file for people and tests, one for each program."""

import base64
from collections.abc import Iterable, Sequence
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


@dataclass(frozen=True, slots=True)
class TokenContext:
    """One cluster as one user reaches it with a token."""

    name: str
    server: str
    authority: Path
    user: str


def write_kubeconfig(path: Path, contexts: Iterable[Context]) -> None:
    """Write the contexts (mode 0600); the first is the current one."""
    _write(path, [(entry, _with_certificate(entry.pair)) for entry in contexts])


def write_token_kubeconfig(path: Path, context: TokenContext, token: str) -> None:
    """Write one context whose user has a token (mode 0600)."""
    _write(path, [(context, {"token": token})])


def _write(path: Path, entries: Sequence[tuple[Context | TokenContext, dict[str, str]]]) -> None:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": entries[0][0].name,
        "clusters": [
            {
                "name": entry.name,
                "cluster": {"server": entry.server, "certificate-authority-data": _embedded(entry.authority)},
            }
            for entry, _ in entries
        ],
        "users": [{"name": f"{entry.user}@{entry.name}", "user": credential} for entry, credential in entries],
        "contexts": [
            {"name": entry.name, "context": {"cluster": entry.name, "user": f"{entry.user}@{entry.name}"}}
            for entry, _ in entries
        ],
    }
    write_private(path, yaml.safe_dump(content, sort_keys=False))


def _with_certificate(pair: KeyPair) -> dict[str, str]:
    return {"client-certificate-data": _embedded(pair.certificate), "client-key-data": _embedded(pair.key)}


def _embedded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
