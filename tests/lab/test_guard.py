"""What placements' pods may be and name, in every template that makes pods and in bare pods."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from joined_member import API, SHOP, WEB, JoinedMember, forbidden

from kubefleet.identity.action import Action
from kubefleet.identity.rights import rights_for
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ref_of

pytestmark = pytest.mark.lab

BASELINE = "ValidatingAdmissionPolicy 'fleet-guard' "
REFERENCES = "ValidatingAdmissionPolicy 'fleet-guard-references' "
OBJECTS = "ValidatingAdmissionPolicy 'fleet-guard-objects' "
KINDS = {
    "Pod": ("v1", "pods"),
    "PodTemplate": ("v1", "podtemplates"),
    "ReplicationController": ("v1", "replicationcontrollers"),
    "Deployment": ("apps/v1", "deployments"),
    "ReplicaSet": ("apps/v1", "replicasets"),
    "StatefulSet": ("apps/v1", "statefulsets"),
    "DaemonSet": ("apps/v1", "daemonsets"),
    "Job": ("batch/v1", "jobs"),
    "CronJob": ("batch/v1", "cronjobs"),
}
OWN = ("configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts")
NAME = "guarded"
PLAIN: dict[str, Any] = {
    # No node has this label: nothing of it runs.
    "nodeSelector": {"guard": "nowhere"},
    "containers": [{"name": "main", "image": "main:1"}],
}


def manifest(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object of that kind whose pods are so."""
    spec = copy.deepcopy(spec)
    if kind in ("Job", "CronJob"):
        spec["restartPolicy"] = "Never"
    labels = {"app": NAME}
    template = {"metadata": {"labels": labels}, "spec": spec}
    whole: dict[str, Any] = {"apiVersion": KINDS[kind][0], "kind": kind, "metadata": {"name": NAME, "namespace": SHOP}}
    match kind:
        case "Pod":
            return whole | {"spec": spec}
        case "PodTemplate":
            return whole | {"template": template}
        case "ReplicationController":
            return whole | {"spec": {"replicas": 0, "selector": labels, "template": template}}
        case "CronJob":
            job = {"spec": {"template": template}}
            return whole | {"spec": {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": job}}
        case "Job":
            return whole | {"spec": {"suspend": True, "template": template}}
        case _:
            counted = {} if kind == "DaemonSet" else {"replicas": 0}
            return whole | {"spec": {"selector": {"matchLabels": labels}, "template": template} | counted}


def pod(**more: Any) -> dict[str, Any]:
    return PLAIN | more


def container(**more: Any) -> dict[str, Any]:
    return pod(containers=[PLAIN["containers"][0] | more])


def secure(**context: Any) -> dict[str, Any]:
    return container(securityContext=context)


def volume(**source: Any) -> dict[str, Any]:
    return pod(volumes=[{"name": "v", **source}])


def variable(**source: Any) -> dict[str, Any]:
    return container(env=[{"name": "A", "value": "1"}, {"name": "B", "valueFrom": source}])


def projected(**source: Any) -> dict[str, Any]:
    return volume(projected={"sources": [{"downwardAPI": {"items": []}}, source]})


def also_in_init(spec: dict[str, Any]) -> dict[str, Any]:
    """The same container as an init container, beside a harmless one."""
    return spec | {"initContainers": [spec["containers"][0] | {"name": "init"}], "containers": PLAIN["containers"]}


NOT_BASELINE = {
    "the host's network": pod(hostNetwork=True),
    "the host's processes": pod(hostPID=True),
    "the host's IPC": pod(hostIPC=True),
    "hostPath": volume(hostPath={"path": "/"}),
    "a Secret of a CSI driver": volume(csi={"driver": "d", "nodePublishSecretRef": {"name": "theirs"}}),
    "a Secret of an old volume": volume(cephfs={"monitors": ["a"], "secretRef": {"name": "theirs"}}),
    "a disk of the node's": volume(iscsi={"targetPortal": "10.0.0.1", "iqn": "iqn.2001-04.com.example:a", "lun": 0}),
    "a port of the host": container(ports=[{"containerPort": 80, "hostPort": 80}]),
    "privileged": secure(privileged=True),
    "privileged at first": also_in_init(secure(privileged=True)),
    "a capability": secure(capabilities={"add": ["SYS_ADMIN"]}),
    "all capabilities": secure(capabilities={"add": ["ALL"]}),
    "an unmasked /proc": secure(procMount="Unmasked") | {"hostUsers": False},
    "no seccomp": secure(seccompProfile={"type": "Unconfined"}),
    "no seccomp for the pod": pod(securityContext={"seccompProfile": {"type": "Unconfined"}}),
    "no AppArmor": secure(appArmorProfile={"type": "Unconfined"}),
    "an SELinux type": secure(seLinuxOptions={"type": "spc_t"}),
    "an SELinux user": pod(securityContext={"seLinuxOptions": {"user": "system_u"}}),
    "an SELinux role": secure(seLinuxOptions={"role": "system_r"}),
    "a sysctl": pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
    "a probe elsewhere": container(livenessProbe={"httpGet": {"host": "10.0.0.1", "port": 80}}),
    "a hook elsewhere": container(lifecycle={"preStop": {"httpGet": {"host": "10.0.0.1", "port": 80}}}),
}
FOREIGN = {
    "a service account": pod(serviceAccountName="theirs"),
    "a service account by its old field": pod(serviceAccount="theirs"),
    "a Secret as a volume": volume(secret={"secretName": "theirs"}),
    "a Secret as a volume that may be missing": volume(secret={"secretName": "theirs", "optional": True}),
    "a Secret projected": projected(secret={"name": "theirs"}),
    "a Secret in a variable": variable(secretKeyRef={"name": "theirs", "key": "a"}),
    "a Secret in a variable at first": also_in_init(variable(secretKeyRef={"name": "theirs", "key": "a"})),
    "a Secret as variables": container(envFrom=[{"configMapRef": {"name": "mine"}}, {"secretRef": {"name": "theirs"}}]),
    "a Secret to pull images": pod(imagePullSecrets=[{"name": "mine"}, {"name": "theirs"}]),
    "a ConfigMap as a volume": volume(configMap={"name": "theirs"}),
    "a ConfigMap projected": projected(configMap={"name": "theirs"}),
    "a ConfigMap in a variable": variable(configMapKeyRef={"name": "theirs", "key": "a"}),
    "a ConfigMap as variables": container(envFrom=[{"configMapRef": {"name": "theirs"}}]),
    "a claim": volume(persistentVolumeClaim={"claimName": "theirs"}),
}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def copied(name: str, kind: str = "PersistentVolumeClaim") -> dict[str, Any]:
    group = {} if kind == "PersistentVolumeClaim" else {"apiGroup": "snapshot.storage.k8s.io"}
    return CLAIM | {"dataSourceRef": {"kind": kind, "name": name, **group}}


def ephemeral(claim: dict[str, Any]) -> dict[str, Any]:
    return volume(ephemeral={"volumeClaimTemplate": {"spec": claim}})


def named(version: str, kind: str, name: str = NAME, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": SHOP}, **rest}


def claim(spec: dict[str, Any]) -> dict[str, Any]:
    return named("v1", "PersistentVolumeClaim", "mine", spec=spec)


def autoscaler(name: str, kind: str = "Deployment") -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": kind, "name": name}
    return named("autoscaling/v2", "HorizontalPodAutoscaler", spec={"maxReplicas": 2, "scaleTargetRef": target})


def ingress(secret: str) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    tls = [{"hosts": ["a.test"], "secretName": secret}]
    return named("networking.k8s.io/v1", "Ingress", spec={"defaultBackend": backend, "tls": tls})


def account(secret: str) -> dict[str, Any]:
    return named("v1", "ServiceAccount", "mine", imagePullSecrets=[{"name": secret}])


def with_claims(claim: dict[str, Any]) -> dict[str, Any]:
    made = manifest("StatefulSet", PLAIN)
    made["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": claim}]
    return made


FOREIGN["an ephemeral copy of a claim"] = ephemeral(copied("theirs"))
FINE_OBJECTS = {
    "a claim": claim(CLAIM),
    "a copy of its own claim": with_claims(copied("mine")),
    "an autoscaler of its own": autoscaler(NAME),
    "a certificate of its own": ingress("mine"),
    "a shared Secret to pull images": account("registry"),
}
FOREIGN_OBJECTS = {
    "a copy of a claim": claim(copied("theirs")),
    "a copy of a snapshot": claim(copied("mine", "VolumeSnapshot")),
    "copies of a claim": with_claims(copied("theirs")),
    "an autoscaler of another's": autoscaler("theirs"),
    "an autoscaler of another kind": autoscaler("mine", "StatefulSet"),
    "a certificate": ingress("theirs"),
}
FINE = {
    "plain": PLAIN,
    "its own": {
        **pod(serviceAccountName="mine", imagePullSecrets=[{"name": "mine"}, {"name": "registry"}]),
        "containers": [
            {
                **PLAIN["containers"][0],
                "env": [
                    {"name": "A", "valueFrom": {"secretKeyRef": {"name": "mine", "key": "a"}}},
                    {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
                "envFrom": [{"secretRef": {"name": "mine"}}, {"configMapRef": {"name": "mine"}}],
                "ports": [{"containerPort": 80}],
                "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                "securityContext": {
                    "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
            }
        ],
        "volumes": [
            {"name": "a", "secret": {"secretName": "mine"}},
            {"name": "b", "configMap": {"name": "mine"}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "mine"}},
            {"name": "d", "emptyDir": {}},
            {
                "name": "e",
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"path": "token"}},
                        {"secret": {"name": "mine"}},
                        {"configMap": {"name": "kube-root-ca.crt"}},
                    ]
                },
            },
            {"name": "f", "csi": {"driver": "d"}},
        ],
    },
}


@pytest.fixture(scope="module")
def sharing(joined_member: JoinedMember) -> Iterator[JoinedMember]:
    """Two placements in one namespace: `web` may have every kind here and owns `mine`, `api` owns `theirs`."""
    owned = [Action(verb, "", resource, SHOP, "mine") for resource in OWN for verb in ("create", "get", "patch")]
    kinds = [
        Action(verb, version.rpartition("/")[0], plural, SHOP, NAME)
        for version, plural in KINDS.values()
        for verb in ("create", "get", "patch", "delete")
    ]
    others = [
        Action(verb, group, resource, SHOP, NAME)
        for group, resource in (("autoscaling", "horizontalpodautoscalers"), ("networking.k8s.io", "ingresses"))
        for verb in ("create", "get", "patch")
    ]
    joined_member.grant(WEB, rights_for([*owned, *kinds, *others]))
    theirs = [Action(verb, "", resource, SHOP, "theirs") for resource in OWN for verb in ("create", "get", "patch")]
    joined_member.grant(API, rights_for([*theirs, *kinds]))
    for name in ("mine", "theirs"):
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": SHOP}}
        joined_member.apply_as_admin(account)
    yield joined_member
    joined_member.clean()


@pytest.fixture
def guarded(sharing: JoinedMember) -> Iterator[JoinedMember]:
    yield sharing
    for kind in KINDS:
        path = sharing.admin.path_of(KINDS[kind][0], kind, SHOP, NAME)
        if find(sharing.admin, ref_of(manifest(kind, PLAIN))) is not None:
            sharing.admin.delete(path, {"gracePeriodSeconds": 0})


@pytest.mark.parametrize("spec", NOT_BASELINE.values(), ids=NOT_BASELINE.keys())
def test_what_is_not_baseline_is_denied_in_all_that_makes_pods(sharing: JoinedMember, spec):
    for kind in KINDS:
        sharing.denied(WEB, manifest(kind, spec), BASELINE)


@pytest.mark.parametrize("spec", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_is_not_the_placements_is_denied_in_all_that_makes_pods(sharing: JoinedMember, spec):
    for kind in KINDS:
        sharing.denied(WEB, manifest(kind, spec), REFERENCES)


@pytest.mark.parametrize("spec", FINE.values(), ids=FINE.keys())
def test_what_is_the_placements_passes(guarded: JoinedMember, spec):
    for kind in KINDS:
        guarded.apply(WEB, manifest(kind, spec))
        assert find(guarded.admin, ref_of(manifest(kind, spec))) is not None


@pytest.mark.parametrize("body", FOREIGN_OBJECTS.values(), ids=FOREIGN_OBJECTS.keys())
def test_objects_that_reach_what_is_anothers_are_denied(sharing: JoinedMember, body):
    sharing.denied(WEB, body, OBJECTS if body["kind"] != "StatefulSet" else REFERENCES)


def test_a_service_account_hands_out_no_secret_of_anothers(sharing: JoinedMember):
    forbidden(lambda: sharing.apply(WEB, account("theirs")), OBJECTS)
    assert {"name": "theirs"} not in sharing.live(account("theirs")).get("imagePullSecrets", [])


@pytest.mark.parametrize("body", FINE_OBJECTS.values(), ids=FINE_OBJECTS.keys())
def test_objects_that_reach_what_is_its_own_pass(guarded: JoinedMember, body):
    guarded.apply(WEB, body)
    assert find(guarded.admin, ref_of(body)) is not None


@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_what_passed_cannot_be_changed_into_what_does_not(guarded: JoinedMember, kind):
    guarded.apply(WEB, manifest(kind, PLAIN))
    before = guarded.live(manifest(kind, PLAIN))["spec"]
    for spec in (NOT_BASELINE["hostPath"], FOREIGN["a Secret as a volume"], FOREIGN["a service account"]):
        forbidden(lambda spec=spec: guarded.apply(WEB, manifest(kind, spec)), "'fleet-guard")
    assert guarded.live(manifest(kind, PLAIN))["spec"] == before


def test_what_is_one_placements_own_is_foreign_to_the_other(guarded: JoinedMember):
    theirs, mine = FOREIGN["a Secret as a volume"], volume(secret={"secretName": "mine"})
    guarded.denied(API, manifest("Deployment", mine), REFERENCES)
    guarded.apply(API, manifest("Deployment", theirs))


def test_a_secret_that_kubernetes_would_fill_with_a_token_is_denied(guarded: JoinedMember):
    metadata = {"name": "mine", "namespace": SHOP, "annotations": {"kubernetes.io/service-account.name": "theirs"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    kind = "kubernetes.io/service-account-token"
    guarded.denied(WEB, secret | {"type": kind}, "ValidatingAdmissionPolicy 'fleet-guard-tokens'")
    guarded.apply(WEB, secret)


def test_others_are_none_of_the_guards_business(guarded: JoinedMember):
    """The admin's own pods stay what they are, and so do those that controllers make."""
    for spec in (NOT_BASELINE["hostPath"], FOREIGN["a Secret as a volume"]):
        guarded.apply_as_admin(manifest("PodTemplate", spec))
