"""`fleet-guard-references`: what placements' pods may name: what the placement itself may read, and what is shared.

So two placements in one namespace cannot mount each other's Secrets, though a kubelet would.
"""

from typing import Final

from kubefleet.identity.admission_policy import Policy, every
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.federation import Federation
from kubefleet.identity.guard import NAME
from kubefleet.identity.own_objects import may_name, policy_on_own
from kubefleet.identity.pod_template import POD_VARIABLES, WITH_PODS


def guard_references(federation: Federation, ceiling: Ceiling) -> Policy:
    """The policy for all users of the federation."""
    rules = (
        (
            "pods run as a service account of the placement's, or one that the ceiling names",
            may_name("serviceaccounts", "variables.pod.?serviceAccountName.orValue('default')", ceiling),
        ),
        ("pods name Secrets of the placement, or shared ones", _secrets(ceiling)),
        ("pods name ConfigMaps of the placement, or shared ones", _config_maps(ceiling)),
        (
            "pods name volume claims of the placement, or shared ones",
            _each("variables.volumes", "persistentVolumeClaim", "claimName", "persistentvolumeclaims", ceiling),
        ),
        (
            "volume claims in templates copy claims of the placement only, or shared ones",
            f"variables.claims.all(c, {own_source('c', ceiling)})",
        ),
    )
    return policy_on_own(f"{NAME}-references", federation, WITH_PODS, rules, {**POD_VARIABLES, "claims": _CLAIMS})


_CLAIMS: Final = """variables.volumes.filter(v, has(v.ephemeral)).map(v, v.ephemeral.volumeClaimTemplate.spec) +
(object.kind == 'StatefulSet' ? dyn(object).spec.?volumeClaimTemplates.orValue([]).map(c, c.spec) : [])"""


def own_source(claim: str, ceiling: Ceiling) -> str:
    """CEL: whether the spec of a volume claim starts empty, or as a copy of what may be named."""
    fine = [f"!has({claim}.dataSourceRef) || !has({claim}.dataSourceRef.namespace)"]
    for part in (f"{claim}.dataSource", f"{claim}.dataSourceRef"):
        named = may_name("persistentvolumeclaims", f"{part}.name", ceiling)
        fine.append(f"!has({part}) || ({part}.kind == 'PersistentVolumeClaim' && ({named}))")
    return every(*fine)


def _each(items: str, part: str, field: str, resource: str, ceiling: Ceiling) -> str:
    """CEL: whether every one of `items` that has the field `part` names in it what may be named."""
    may = may_name(resource, f"i.{part}.{field}", ceiling)
    return f"{items}.all(i, !has(i.{part.partition('.')[0]}) || !has(i.{part}) || !has(i.{part}.{field}) || {may})"


def _secrets(ceiling: Ceiling) -> str:
    return every(
        _environment("secretKeyRef", "secretRef", "secrets", ceiling),
        _each("variables.volumes", "secret", "secretName", "secrets", ceiling),
        _projected("secret", "secrets", ceiling),
        "variables.pod.?imagePullSecrets.orValue([]).all(i, {})".format(may_name("secrets", "i.name", ceiling)),
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
