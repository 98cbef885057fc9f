"""Exec plugins: programs that yield a credential (`client.authentication.k8s.io`, KEP-541)."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from kubefleet.kube.credential import Credential, Kept
from kubefleet.kube.patience import Impatient, Patience

V1: Final = "client.authentication.k8s.io/v1"
VERSIONS: Final = (V1, "client.authentication.k8s.io/v1beta1")
_SLICE: Final = 0.1
_TOKEN_LIKE: Final = re.compile(r"\beyJ[\w.-]+|\b[\w+/=-]{60,}")


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """What to run. `cluster` is what the plugin is told of the cluster, None when it is told nothing."""

    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    api_version: str = V1
    cluster: Mapping[str, Any] | None = None
    install_hint: str = ""


def exec_source(plugin: ExecPlugin, base: Credential) -> Kept:
    """A source that runs the plugin once and again when its credential has expired; without a terminal.

    Whoever asks gets ValueError with what the plugin said last when it fails.
    """

    def run(patience: Patience) -> Credential:
        return _read(plugin, _run(plugin, patience), base)

    return Kept(run)


def _run(plugin: ExecPlugin, patience: Patience) -> str:
    program = shutil.which(plugin.command)
    if program is None:
        hint = f" {' '.join(plugin.install_hint.split())}" if plugin.install_hint else ""
        raise ValueError(f"exec plugin `{plugin.command}` not found (expected a program on PATH).{hint}")
    spec: dict[str, Any] = {"interactive": False}
    if plugin.cluster is not None:
        spec["cluster"] = dict(plugin.cluster)
    asked = json.dumps({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec})
    # A session of its own, so that a plugin that hangs goes together with whatever it started.
    process = subprocess.Popen(
        [program, *plugin.args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **dict(plugin.env), "KUBERNETES_EXEC_INFO": asked},
        start_new_session=True,
        text=True,
        errors="replace",
    )
    started = time.monotonic()
    try:
        while True:
            if (left := patience.silence - (time.monotonic() - started)) <= 0:
                raise Impatient(f"exec plugin `{plugin.command}` did not end within {patience.silence:g} s")
            try:
                out, err = process.communicate(timeout=min(patience.left(left), _SLICE))
                break
            except subprocess.TimeoutExpired:
                continue
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode != 0:
        raise ValueError(f"exec plugin `{plugin.command}` failed with exit code {process.returncode}{_last_line(err)}")
    return out


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f": {_TOKEN_LIKE.sub('(hidden)', lines[-1])[:200]}" if lines else ""


def _read(plugin: ExecPlugin, text: str, base: Credential) -> Credential:
    """The credential in a plugin's answer. Errors show nothing of the answer but its apiVersion."""
    try:
        answer = json.loads(text)
        status = answer["status"]
        version, token = answer.get("apiVersion"), status.get("token")
        certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
        expiry = status.get("expirationTimestamp")
        expires = datetime.fromisoformat(expiry).timestamp() if expiry else None
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not chained: a JSON error holds the whole document, token and all.
        raise ValueError(f"exec plugin `{plugin.command}` printed no ExecCredential with a status") from None
    if version != plugin.api_version:
        raise ValueError(f"exec plugin `{plugin.command}` answered in `{version}` (expected `{plugin.api_version}`)")
    if not token and not (certificate and key):
        raise ValueError(f"exec plugin `{plugin.command}` gave neither a token nor a client certificate with its key")
    credential = replace(base, expires=expires)
    if certificate and key:
        credential = replace(credential, certificate=str(certificate), key=str(key))
    return credential.with_token(str(token)) if token else credential
