"""Kubeconfig files: a context's endpoint and credential, by kubectl's rules.

Left out on purpose: `insecure-skip-tls-verify` and the `auth-provider` plugins that kubectl itself has dropped.
Errors (ValueError) name files, contexts and fields, never values: a kubeconfig holds keys.
"""

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kubefleet.kube.cluster_entry import Entry, endpoint_of, told_of
from kubefleet.kube.credential import Credential, CredentialSource, Fixed, token_file
from kubefleet.kube.endpoint import Endpoint
from kubefleet.kube.exec_plugin import VERSIONS, ExecPlugin, exec_source
from kubefleet.model.access import Kubeconfig

_LISTS = ("clusters", "contexts", "users")


def read_kubeconfig(access: Kubeconfig) -> tuple[Endpoint, CredentialSource]:
    """Endpoint and credential source of a context; an empty context means the current one. Raises ValueError."""
    paths = _paths(access.path)
    config, current = _merge(paths)
    name = access.context or current
    where = ", ".join(f"`{path}`" for path in paths)
    if not name:
        raise ValueError(f"no current context in {where}. Name one")
    context = _entry(config, "contexts", "context", name, where)
    cluster = _entry(config, "clusters", "cluster", context.text("cluster"), where)
    user = context.text("user")
    credential: CredentialSource = Fixed(Credential())
    if user:
        credential = _credential(_entry(config, "users", "user", user, where), cluster)
    return endpoint_of(cluster), credential


def _paths(path: str) -> list[Path]:
    if path:
        single = Path(path).expanduser()
        if not single.is_file():
            raise ValueError(f"no kubeconfig `{single}`")
        return [single]
    listed = [Path(part).expanduser() for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    paths = [item for item in listed or [Path("~/.kube/config").expanduser()] if item.is_file()]
    if not paths:
        raise ValueError("no kubeconfig (looked at KUBECONFIG and ~/.kube/config). Set KUBECONFIG or give a path")
    return paths


Node = tuple[Mapping[str, Any], Path]
"""An entry of one of the lists (`name` and its fields), and the file that it stands in."""


def _merge(paths: list[Path]) -> tuple[Mapping[str, list[Node]], str]:
    """The merged lists (the first entry of a name wins) and the current context (the first that is set wins)."""
    import yaml

    where = ", ".join(f"`{path}`" for path in paths)
    try:
        return _read_one(paths[0]) if len(paths) == 1 else _read_several(paths)
    except OSError as error:
        raise ValueError(f"cannot read kubeconfig {where}: {error.strerror}") from error
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        # Not chained: what a malformed file makes of these errors may quote a key.
        raise ValueError(f"bad kubeconfig {where} (expected YAML with clusters, contexts and users)") from None


def _read_one(path: Path) -> tuple[Mapping[str, list[Node]], str]:
    """One file, as it is nearly always: importing the package that merges several costs more than a snapshot."""
    import yaml

    config = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    lists: dict[str, list[Node]] = {name: [(dict(entry), path) for entry in config.get(name) or []] for name in _LISTS}
    return lists, str(config.get("current-context") or "")


def _read_several(paths: list[Path]) -> tuple[Mapping[str, list[Node]], str]:
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import KubeConfigMerger

    try:
        merged: Any = KubeConfigMerger(os.pathsep.join(str(path.absolute()) for path in paths))  # type: ignore[no-untyped-call] # the package is untyped
    except ConfigException as error:
        raise TypeError from error
    currents = [str(file.get("current-context") or "") for file in merged.config_files.values()]
    lists: dict[str, list[Node]] = {
        name: [(dict(node.value), Path(node.path)) for node in merged.config.value.get(name) or []] for name in _LISTS
    }
    return lists, next((name for name in currents if name), "")


def _entry(config: Mapping[str, list[Node]], section: str, kind: str, name: str, where: str) -> Entry:
    """The entry of that name in a section of the merged files. Raises ValueError that lists what there is."""
    names = []
    for found, path in config[section]:
        if found.get("name") == name:
            fields = found.get(kind)
            return Entry(f"{kind} `{name}`", fields if isinstance(fields, dict) else {}, path.parent)
        names.append(str(found.get("name")))
    raise ValueError(f"no {kind} `{name}` in {where} (expected one of: {', '.join(sorted(names)) or 'none there'})")


def _credential(user: Entry, cluster: Entry) -> CredentialSource:
    """Client-go's order: token file, token, user name and password, exec plugin; a client certificate beside any."""
    if user.fields.get("auth-provider"):
        raise ValueError(f"{user.what} has an `auth-provider`, which kubectl has dropped. Use an `exec` plugin")
    base = Credential(_impersonation(user), user.pem("client-certificate"), user.pem("client-key"))
    if path := user.path("tokenFile"):
        return token_file(path, base)
    if token := user.text("token"):
        return Fixed(base.with_token(token))
    if name := user.text("username"):
        basic = base64.b64encode(f"{name}:{user.text('password')}".encode()).decode()
        return Fixed(Credential((*base.headers, ("Authorization", f"Basic {basic}")), base.certificate, base.key))
    if spec := user.fields.get("exec"):
        return exec_source(_plugin(user, spec, cluster), base)
    return Fixed(base)


def _impersonation(user: Entry) -> tuple[tuple[str, str], ...]:
    headers = [("Impersonate-User", user.text("as")), ("Impersonate-Uid", user.text("as-uid"))]
    if user.fields.get("as-groups") or user.fields.get("as-user-extra"):
        raise ValueError(f"{user.what} impersonates groups or extras, which is not supported. Use `as` alone")
    return tuple((name, value) for name, value in headers if value)


def _plugin(user: Entry, spec: Any, cluster: Entry) -> ExecPlugin:
    try:
        command, version = str(spec["command"]), str(spec["apiVersion"])
        args = tuple(str(item) for item in spec.get("args") or ())
        env = tuple((str(item["name"]), str(item["value"])) for item in spec.get("env") or ())
        mode, hint = spec.get("interactiveMode"), str(spec.get("installHint") or "")
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"bad `exec` of {user.what} (expected command, apiVersion, args, env)") from None
    if version not in VERSIONS:
        raise ValueError(f"bad `exec.apiVersion` of {user.what}: `{version}` (expected one of: {', '.join(VERSIONS)})")
    if mode == "Always":
        raise ValueError(f"the exec plugin of {user.what} needs a terminal. Give it a way without one")
    if os.sep in command and user.folder is not None:
        command = str(user.folder / command)
    told = told_of(cluster) if spec.get("provideClusterInfo") else None
    return ExecPlugin(command, args, env, version, told, hint)
