import base64
import json
import os
import ssl
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from https_server import Issued, issue
from kubefleet.kube.connect import connect
from kubefleet.kube.errors import ApiError, NoAccess, Unreachable
from kubefleet.kube.tls import make_tls
from kubefleet.model.access import ExecCredential, Kubeconfig

pytestmark = pytest.mark.fast


def config(
    server: str, ca: str, user: dict[str, Any], name: str = "eu-1", cluster: dict[str, Any] | None = None
) -> dict[str, Any]:
    data = base64.b64encode(ca.encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "c", "cluster": {"server": server, "certificate-authority-data": data, **(cluster or {})}}
        ],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}}],
        "current-context": name,
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    def write(content: dict[str, Any], name: str = "kubeconfig") -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(content))
        return str(path)

    return write


@pytest.fixture
def seen(api: HTTPServer) -> list[Request]:
    """The requests that reach `/version`."""
    requests: list[Request] = []

    def handle(request: Request) -> Response:
        requests.append(request)
        return Response("{}", 200)

    api.expect_request("/version").respond_with_handler(handle)
    return requests


def ask(access: Kubeconfig | ExecCredential) -> None:
    connection = connect("eu-1", access, answer_within=3)
    try:
        connection.get("/version")
    finally:
        connection.close()


def url(api: HTTPServer) -> str:
    return f"https://127.0.0.1:{api.port}"


def test_a_token_is_sent(api: HTTPServer, seen: list[Request], issued: Issued, write: Any) -> None:
    ask(Kubeconfig("eu-1", write(config(url(api), issued.certificate, {"token": "t0k"}))))
    assert seen[0].headers["Authorization"] == "Bearer t0k"


def test_a_user_name_and_password_are_sent(api: HTTPServer, seen: list[Request], issued: Issued, write: Any) -> None:
    ask(Kubeconfig("eu-1", write(config(url(api), issued.certificate, {"username": "a", "password": "b"}))))
    assert seen[0].headers["Authorization"] == "Basic " + base64.b64encode(b"a:b").decode()


def test_the_user_to_act_as_is_sent(api: HTTPServer, seen: list[Request], issued: Issued, write: Any) -> None:
    ask(Kubeconfig("eu-1", write(config(url(api), issued.certificate, {"token": "t", "as": "jane"}))))
    assert seen[0].headers["Impersonate-User"] == "jane"


def test_files_named_in_a_kubeconfig_lie_beside_it(
    api: HTTPServer, seen: list[Request], issued: Issued, write: Any, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("from-file\n")
    (tmp_path / "ca.pem").write_text(issued.certificate)
    content = config(url(api), "", {"tokenFile": "token"})
    content["clusters"][0]["cluster"] = {"server": url(api), "certificate-authority": "ca.pem"}
    ask(Kubeconfig("eu-1", write(content)))
    assert seen[0].headers["Authorization"] == "Bearer from-file"


def test_the_first_file_of_the_list_wins(
    api: HTTPServer, seen: list[Request], issued: Issued, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(config(url(api), issued.certificate, {"token": "first"}), "a")
    second = write(config(url(api), issued.certificate, {"token": "second"}, "us-1"), "b")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([first, "", "missing", second]))
    ask(Kubeconfig(""))
    ask(Kubeconfig("us-1"))
    # Both contexts name user `u`, which the first file defines: kubectl merges by name.
    assert [request.headers["Authorization"] for request in seen] == ["Bearer first", "Bearer first"]


@pytest.mark.parametrize(
    ("user", "cluster", "text"),
    [
        ({"token": "t"}, {"insecure-skip-tls-verify": True}, "`insecure-skip-tls-verify`, which is refused. Replace"),
        ({"token": "t"}, {"server": "http://eu-1.test"}, "is not encrypted"),
        ({"token": "t"}, {"server": "eu-1.test"}, "bad server `eu-1.test`"),
        ({"token": "t"}, {"certificate-authority-data": "%"}, "bad `certificate-authority-data` of cluster `c`"),
        ({"auth-provider": {"name": "gcp"}}, {}, "Use an `exec` plugin"),
        ({"token": 5}, {}, "bad `token` of user `u`"),
        ({"as-groups": ["a"], "token": "t"}, {}, "Use `as` alone"),
        ({"exec": {"command": "x"}}, {}, "bad `exec` of user `u`"),
        ({"exec": {"command": "x", "apiVersion": "v9"}}, {}, "bad `exec.apiVersion` of user `u`: `v9`"),
        (
            {"exec": {"command": "x", "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Always"}},
            {},
            "needs a terminal",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_way_out(
    write: Any, user: dict[str, Any], cluster: dict[str, Any], text: str
) -> None:
    path = write(config("https://eu-1.test", "x", user, cluster=cluster))
    with pytest.raises(NoAccess) as caught:
        connect("eu-1", Kubeconfig("eu-1", path))
    assert text in str(caught.value)
    assert "t0k" not in str(caught.value)


def test_an_unknown_context_lists_what_there_is(write: Any) -> None:
    path = write(config("https://eu-1.test", "x", {}))
    with pytest.raises(NoAccess, match=r"no context `eu-2`.*expected one of: eu-1"):
        connect("eu-1", Kubeconfig("eu-2", path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoAccess, match=r"no kubeconfig `.*absent`"):
        connect("eu-1", Kubeconfig("eu-1", str(tmp_path / "absent")))


@pytest.mark.parametrize("text", ["a: [t0k", "t0k", "contexts: t0k", "contexts: [{context: t0k}]", ""])
def test_a_malformed_file_is_refused_without_its_content(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(NoAccess) as caught:
        connect("eu-1", Kubeconfig("eu-1", str(path)))
    assert "t0k" not in str(caught.value)


def plugin(tmp_path: Path, text: str) -> tuple[str, tuple[str, ...]]:
    script = tmp_path / "plugin.py"
    script.write_text(text)
    return sys.executable, (str(script),)


COUNTING = """
import json, os, pathlib
count = pathlib.Path(os.environ["COUNT"])
count.write_text(count.read_text() + "x" if count.exists() else "x")
status = {"token": f"token-{len(count.read_text())}", "expirationTimestamp": os.environ["EXPIRES"]}
asked = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
print(json.dumps({"apiVersion": asked["apiVersion"], "kind": "ExecCredential", "status": status}))
"""


def test_an_exec_plugin_runs_once_until_its_credential_expires(
    api: HTTPServer, seen: list[Request], issued: Issued, tmp_path: Path
) -> None:
    command, args = plugin(tmp_path, COUNTING)
    expected = {"2999-01-01T00:00:00Z": ["token-1", "token-1"], "2001-01-01T00:00:00Z": ["token-1", "token-2"]}
    for expires, tokens in expected.items():
        seen.clear()
        count = tmp_path / expires[:4]
        env = (("COUNT", str(count)), ("EXPIRES", expires))
        connection = connect("eu-1", ExecCredential(url(api), issued.certificate, command, args, env))
        connection.get("/version")
        connection.get("/version")
        connection.close()
        assert [request.headers["Authorization"] for request in seen] == [f"Bearer {token}" for token in tokens]


def test_a_refused_credential_is_renewed_once(api: HTTPServer, issued: Issued, tmp_path: Path) -> None:
    command, args = plugin(tmp_path, COUNTING)
    tokens: list[str] = []

    def handle(request: Request) -> Response:
        tokens.append(request.headers["Authorization"])
        return Response("{}", 401)

    api.expect_request("/version").respond_with_handler(handle)
    env = (("COUNT", str(tmp_path / "count")), ("EXPIRES", "2999-01-01T00:00:00Z"))
    with pytest.raises(ApiError, match="401"):
        ask(ExecCredential(url(api), issued.certificate, command, args, env))
    assert tokens == ["Bearer token-1", "Bearer token-2"]


def test_an_exec_plugin_may_give_a_client_certificate(
    api: HTTPServer, seen: list[Request], issued: Issued, tmp_path: Path
) -> None:
    pair = issue()
    status = {"clientCertificateData": pair.certificate, "clientKeyData": pair.key}
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    command, args = plugin(tmp_path, f"print({json.dumps(json.dumps(answer))})")
    ask(ExecCredential(url(api), issued.certificate, command, args))
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("import sys; sys.exit('no login: eyJhbGciOi.secret.x')", r"failed with exit code 1: no login: \(hidden\)"),
        ("print('eyJ-not-json')", "printed no ExecCredential"),
        ("print('{}')", "printed no ExecCredential"),
        ('print(\'{"apiVersion": "client.authentication.k8s.io/v1", "status": {}}\')', "neither a token nor"),
        ('print(\'{"apiVersion": "other/v1", "status": {"token": "eyJ"}}\')', "answered in `other/v1`"),
    ],
)
def test_an_exec_plugin_that_fails_says_so_in_one_line(tmp_path: Path, script: str, text: str) -> None:
    command, args = plugin(tmp_path, script)
    with pytest.raises(NoAccess, match=text) as caught:
        ask(ExecCredential("https://127.0.0.1:1", "", command, args))
    assert "eyJ" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_exec_plugin_that_is_not_there_says_so() -> None:
    with pytest.raises(NoAccess, match="`no-such-plugin` not found"):
        ask(ExecCredential("https://127.0.0.1:1", "", "no-such-plugin"))


def test_an_exec_plugin_that_hangs_is_ended(tmp_path: Path) -> None:
    command, args = plugin(tmp_path, "import time; time.sleep(60)")
    started = time.monotonic()
    connection = connect("eu-1", ExecCredential("https://127.0.0.1:1", "", command, args), answer_within=1)
    with pytest.raises(Unreachable, match="did not end within 1 s"):
        connection.get("/version")
    assert time.monotonic() - started < 30


def test_a_key_is_never_written_to_a_file_that_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delattr(os, "memfd_create", raising=False)  # as on other systems than Linux
    modes = []
    real = os.fdopen

    def spy(descriptor: int, *args: Any) -> Any:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return real(descriptor, *args)

    monkeypatch.setattr(os, "fdopen", spy)
    pair = issue()
    make_tls(pair.certificate, pair.certificate, pair.key)
    assert modes == [0o600]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pair", [("x", "y"), (issue().certificate, issue().key)])
def test_a_pair_that_does_not_fit_is_refused_without_showing_it(pair: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="bad client certificate or key") as caught:
        make_tls("", *pair)
    assert "PRIVATE" not in str(caught.value)


def test_handshakes_of_many_threads_read_alpn_that_nobody_rewrites(monkeypatch: pytest.MonkeyPatch) -> None:
    context = make_tls("")
    rewritten = []
    monkeypatch.setattr(ssl.SSLContext, "set_alpn_protocols", lambda *given: rewritten.append(given))
    context.set_alpn_protocols(["http/1.1"])  # as urllib3 does before each handshake
    with pytest.raises(ValueError, match="bad ALPN"):
        context.set_alpn_protocols(["h2"])
    assert not rewritten
    said = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), said, server_hostname="member").do_handshake()
    assert b"\x08http/1.1" in said.read()
