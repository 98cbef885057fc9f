"""`fleet-guard-references`: what placements' pods may name: what the placement itself may read, and what is shared.

What is a placement's own is what its Role in that namespace names: the fence has seen that Role, and its name tells
whose it is. So two placements in one namespace cannot mount each other's Secrets, though a kubelet would.
"""

from collections.abc import Iterable
from typing import Final

from immutabledict import immutabledict

from kubefleet.identity.admission_policy import Policy, cel_list, cel_text, either, every
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.federation import Federation
from kubefleet.identity.guard import NAME, of_the_fleet
from kubefleet.identity.pod_template import POD_VARIABLES, WITH_PODS
from kubefleet.identity.roles import RIGHTS, RIGHTS_LABEL, VERSION

_VOLUMES: Final = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
"""Volumes whose references this policy reads. Others name Secrets of their own, or the host's disks."""


def guard_references(federation: Federation, ceiling: Ceiling) -> Policy:
    """The policy for all users of the federation. It is evaluated for each Role that says a placement's rights; those
    of others say nothing about a request.
    """
    own = f"params.metadata.name == {cel_text(federation.role_prefix)} + request.userInfo.username"
    variables = {
        **POD_VARIABLES,
        "other": f"!({own})",
        **{resource: _names_of(resource) for resource in _RESOURCES},
    }
    rules = (
        (
            "pods run as a service account of the placement's, or one that the ceiling names",
            _may_name("serviceaccounts", "variables.pod.?serviceAccountName.orValue('default')", _accounts(ceiling)),
        ),
        (
            f"volumes are one of {', '.join(_VOLUMES)}, without a Secret of the node's",
            every(
                f"variables.volumes.all(v, {either(*(f'has(v.{kind})' for kind in _VOLUMES))})",
                "variables.volumes.all(v, !has(v.csi) || !has(v.csi.nodePublishSecretRef))",
            ),
        ),
        ("pods name Secrets of the placement, or shared ones", _secrets(ceiling)),
        ("pods name ConfigMaps of the placement, or shared ones", _config_maps(ceiling)),
        (
            "pods name volume claims of the placement, or shared ones",
            _each(
                "variables.volumes",
                "persistentVolumeClaim",
                "claimName",
                "persistentvolumeclaims",
                ceiling,
            ),
        ),
    )
    return Policy(
        f"{NAME}-references",
        of_the_fleet(federation),
        WITH_PODS,
        tuple((message, f"variables.other || ({rule})") for message, rule in rules),
        immutabledict(variables),
        params=(VERSION, "Role"),
        selector=immutabledict({RIGHTS_LABEL: RIGHTS}),
    )


_RESOURCES: Final = ("configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts")


def _names_of(resource: str) -> str:
    """CEL: the rules of the placement's Role that name objects of a core resource."""
    return f"""params.?rules.orValue([]).filter(r,
    '' in r.apiGroups && {cel_text(resource)} in r.resources && has(r.resourceNames))"""


def _may_name(resource: str, name: str, shared: Iterable[str]) -> str:
    """CEL: whether `name` is one of the placement's own objects, or shared."""
    return either(f"{name} in {cel_list(shared)}", f"variables.{resource}.exists(r, {name} in r.resourceNames)")


def _accounts(ceiling: Ceiling) -> tuple[str, ...]:
    return (*ceiling.service_accounts, *_shared("serviceaccounts", ceiling))


def _shared(resource: str, ceiling: Ceiling) -> tuple[str, ...]:
    return tuple(text.partition("/")[2] for text in ceiling.shared if text.partition("/")[0] == resource)


def _each(items: str, part: str, field: str, resource: str, ceiling: Ceiling) -> str:
    """CEL: whether every one of `items` that has the field `part` names in it what may be named."""
    may = _may_name(resource, f"i.{part}.{field}", _shared(resource, ceiling))
    return f"{items}.all(i, !has(i.{part.partition('.')[0]}) || !has(i.{part}) || !has(i.{part}.{field}) || {may})"


def _secrets(ceiling: Ceiling) -> str:
    return every(
        _environment("secretKeyRef", "secretRef", "secrets", ceiling),
        _each("variables.volumes", "secret", "secretName", "secrets", ceiling),
        _projected("secret", "secrets", ceiling),
        "variables.pod.?imagePullSecrets.orValue([]).all(i, {})".format(
            _may_name("secrets", "i.name", _shared("secrets", ceiling))
        ),
    )


def _config_maps(ceiling: Ceiling) -> str:
    return every(
        _environment("configMapKeyRef", "configMapRef", "configmaps", ceiling),
        _each("variables.volumes", "configMap", "name", "configmaps", ceiling),
        _projected("configMap", "configmaps", ceiling),
    )


def _environment(key: str, whole: str, resource: str, ceiling: Ceiling) -> str:
    """CEL: the same of every container's variables, single ones and whole objects."""
    variables = _each("c.?env.orValue([])", f"valueFrom.{key}", "name", resource, ceiling)
    objects = _each("c.?envFrom.orValue([])", whole, "name", resource, ceiling)
    return f"variables.containers.all(c, {every(variables, objects)})"


def _projected(part: str, resource: str, ceiling: Ceiling) -> str:
    return "variables.volumes.all(v, !has(v.projected) || {})".format(
        _each("v.projected.?sources.orValue([])", part, "name", resource, ceiling)
    )
