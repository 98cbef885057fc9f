"""An admission webhook that refuses whatever it is asked."""

import base64
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kubefleet.lab.certificates import Authority
from kubefleet.lab.commands import LOOPBACK

NAME = "lab-refuses"
MESSAGE = "refused by the lab"
_KINDS = {"apps": ["deployments", "statefulsets", "daemonsets"], "batch": ["jobs", "cronjobs"]}


class RefusingWebhook:
    """Serves on a free loopback port from its making until `close`."""

    def __init__(self, authority: Authority) -> None:
        pair = authority.issue("webhook", "webhook", hosts=(LOOPBACK,))
        self._bundle = authority.pem
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _Refuse)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def configuration(self) -> dict[str, Any]:
        """The ValidatingWebhookConfiguration that asks it of every workload that is made or changed."""
        rules = [
            {"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": resources}
            for group, resources in _KINDS.items()
        ]
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": NAME},
            "webhooks": [
                {
                    "name": "refuses.lab.pulumi-kubefleet.test",
                    "clientConfig": {
                        "url": f"https://{LOOPBACK}:{self._server.server_address[1]}/",
                        "caBundle": base64.b64encode(self._bundle).decode(),
                    },
                    "rules": rules,
                    "failurePolicy": "Fail",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                }
            ],
        }

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Refuse(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"uid": review["request"]["uid"], "allowed": False, "status": {"code": 403, "message": MESSAGE}}
        body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the library
        """Say nothing: the lab's log is for the lab."""
