"""A way to a real API server on which single requests meet what no server does on demand."""

import base64
import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3
import yaml

from https_server import issue

Meets = Callable[[BaseHTTPRequestHandler], bool]
"""Answers a request in place of the server, and gives True; or leaves it to the server."""


def status(code: int, reason: str, message: str) -> bytes:
    """As an API server says it."""
    told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
    return json.dumps({**told, "reason": reason, "message": message}).encode()


class TroubledServer:
    """Hands on every request to the server of a kubeconfig's context, but for those that `trouble` answers."""

    def __init__(self, kubeconfig: Path, context: str, folder: Path) -> None:
        self.trouble: Meets = lambda _: False
        content = yaml.safe_load(kubeconfig.read_text())
        found = next(item["context"] for item in content["contexts"] if item["name"] == context)
        cluster = next(item["cluster"] for item in content["clusters"] if item["name"] == found["cluster"])
        user = next(item["user"] for item in content["users"] if item["name"] == found["user"])
        self._server = cluster["server"]
        self._upstream = urllib3.PoolManager(
            ca_cert_data=base64.b64decode(cluster["certificate-authority-data"]).decode(),
            cert_file=str(_file(folder / "client.crt", user["client-certificate-data"])),
            key_file=str(_file(folder / "client.key", user["client-key-data"])),
        )
        issued = issue()
        pair = folder / "server.pem"
        pair.touch(mode=0o600)
        pair.write_text(issued.key + issued.certificate)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pair)
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                if not owner.trouble(self):
                    owner.forward(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815 - the library's names

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        url = f"https://127.0.0.1:{self._http.server_address[1]}"
        self.kubeconfig = folder / "troubled.yaml"
        self.kubeconfig.touch(mode=0o600)
        authority = base64.b64encode(issued.certificate.encode()).decode()
        self.kubeconfig.write_text(
            yaml.safe_dump(
                {
                    "clusters": [{"name": "c", "cluster": {"server": url, "certificate-authority-data": authority}}],
                    "users": [{"name": "u", "user": {"token": "none"}}],
                    "contexts": [{"name": "troubled", "context": {"cluster": "c", "user": "u"}}],
                }
            )
        )

    def forward(self, request: BaseHTTPRequestHandler, *, cut_after: int | None = None) -> None:
        """The server's answer; only so many bytes of its body where it is cut."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0)) or None
        headers = {name: request.headers[name] for name in ("Content-Type", "Accept") if name in request.headers}
        answer = self._upstream.request(
            request.command, self._server + request.path, body=body, headers=headers, preload_content=False
        )
        request.send_response(answer.status)
        request.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        if "watch=" in request.path:
            parts = answer.stream(1024)
        else:
            whole = answer.read()
            request.send_header("Content-Length", str(len(whole)))
            parts = iter([whole])
        request.end_headers()
        sent = 0
        try:
            for part in parts:
                kept = part if cut_after is None else part[: cut_after - sent]
                request.wfile.write(kept)
                request.wfile.flush()
                sent += len(kept)
                if cut_after is not None and sent >= cut_after:
                    return
        except (OSError, ssl.SSLError):
            return  # the client has heard enough
        finally:
            answer.close()
            request.close_connection = True

    def close(self) -> None:
        """No more requests."""
        self._http.shutdown()
        self._http.server_close()


def say(request: BaseHTTPRequestHandler, code: int, body: bytes, **headers: str) -> None:
    """An answer of one's own."""
    request.rfile.read(int(request.headers.get("Content-Length") or 0))
    request.send_response(code)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


def _file(path: Path, content: str) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(base64.b64decode(content))
    return path
