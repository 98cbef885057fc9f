"""A plain JSON client of one API server, for what the lab itself asks and sets up."""

import json
from pathlib import Path
from typing import Any

import urllib3

from kubefleet.lab.certificates import KeyPair


class ApiError(Exception):
    """An answer that is not a success. `status` is the HTTP status, `body` Kubernetes' Status or raw text."""

    def __init__(self, method: str, path: str, status: int, body: Any) -> None:
        message = body.get("message", body) if isinstance(body, dict) else body
        super().__init__(f"`{method} {path}` failed: {status} {message} (expected a success).")
        self.status = status
        self.body = body


class Api:
    """One API server under one client certificate. No retries, one timeout: what happens is what is seen."""

    def __init__(self, server: str, authority: Path, pair: KeyPair, *, timeout: float = 10) -> None:
        self.server = server
        self._pool = urllib3.PoolManager(
            ca_certs=str(authority),
            cert_file=str(pair.certificate),
            key_file=str(pair.key),
            timeout=urllib3.Timeout(total=timeout),
            retries=False,
        )

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """The answer, decoded if it is JSON.

        Raises:
            ApiError: the answer is not a success.
            urllib3.exceptions.HTTPError: there was no answer.
        """
        data = None if body is None else json.dumps(body)
        kind = "application/strategic-merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Accept": "application/json"} | ({} if data is None else {"Content-Type": kind})
        answer = self._pool.request(method, self.server + path, body=data, headers=headers)
        text = answer.data.decode(errors="replace")
        decoded = json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text
        if answer.status >= 400:
            raise ApiError(method, path, answer.status, decoded)
        return decoded

    def get(self, path: str) -> Any:
        """`GET path`."""
        return self.request("GET", path)

    def create(self, path: str, item: Any) -> Any:
        """`POST path`."""
        return self.request("POST", path, item)

    def patch(self, path: str, change: Any) -> Any:
        """`PATCH path` with a strategic merge patch."""
        return self.request("PATCH", path, change)

    def delete(self, path: str) -> None:
        """`DELETE path`; what is not there is gone already."""
        try:
            self.request("DELETE", path)
        except ApiError as error:
            if error.status != 404:
                raise

    def close(self) -> None:
        """Drop the connections."""
        self._pool.clear()
