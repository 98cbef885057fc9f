"""Asking servers that are no clusters."""

import json
import os
from typing import Final

import urllib3

from kubefleet.health.probes import Http, Prometheus
from kubefleet.health.status import Health, progressing

_SECONDS: Final = 10
_MOST: Final = 1 << 20
_REDIRECTS: Final = urllib3.Retry(None, connect=0, read=0, redirect=3, status=0, other=0)
"""A gate looks again by itself."""


class _NotAsked(Exception):
    """Why there is no answer."""


def ask_http(look: Http) -> Health:
    """One GET, redirects followed. No answer is Progressing."""
    try:
        status, body = _get(look.url, look.token_env, {})
    except _NotAsked as error:
        return progressing(f"{look}: {error}")
    return look.judge(status, body.decode(errors="replace"))


def ask_prometheus(look: Prometheus) -> Health:
    """One instant query. No answer is Progressing."""
    try:
        status, body = _get(f"{look.url}/api/v1/query", look.token_env, {"query": look.query})
    except _NotAsked as error:
        return progressing(f"{look}: {error}")
    try:
        answer = json.loads(body)
    except ValueError:
        return progressing(f"{look}: {look.url} answered {status}, not as Prometheus does")
    return look.judge(answer)


def _get(url: str, token_env: str, fields: dict[str, str]) -> tuple[int, bytes]:
    headers = {}
    if token_env:
        if not os.environ.get(token_env):
            raise _NotAsked(f"the environment variable {token_env} is not set")
        headers["Authorization"] = f"Bearer {os.environ[token_env]}"
    try:
        # Certificates are those of the system, or of SSL_CERT_FILE.
        with urllib3.PoolManager(timeout=_SECONDS, retries=_REDIRECTS) as pool:
            answer = pool.request("GET", url, fields=fields, headers=headers, preload_content=False)
            body = answer.read(_MOST)
            answer.release_conn()
            return answer.status, body
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise _NotAsked(_in_short(error)) from error


def _in_short(error: Exception) -> str:
    """What happened, without the library's objects in front."""
    reason = getattr(error, "reason", None) or error
    text = " ".join(str(reason).split())
    return text.rpartition(">: ")[2] or type(error).__name__
