"""`fleet-guard`: what placements' pods may be, in every template that makes pods: Pod Security's baseline.

Follows https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline. Pod Security admission enforces
it on pods alone and for everybody in a namespace; this is about what the fleet's placements write, and says so before a
controller fails to make pods.
"""

from typing import Final

from immutabledict import immutabledict

from kubefleet.identity.admission_policy import Matched, Policy, cel_list, cel_text, either, every
from kubefleet.identity.federation import Federation
from kubefleet.identity.pod_template import POD_VARIABLES, WITH_PODS

NAME: Final = "fleet-guard"
_CAPABILITIES: Final = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
_SYSCTLS: Final = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
)
_SELINUX: Final = ("", "container_engine_t", "container_init_t", "container_kvm_t", "container_t")
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
"""Others are the host's, or name Secrets for the node to use: more than baseline, which forbids hostPath only."""
_HANDLERS: Final = (
    "livenessProbe.?httpGet.?host",
    "livenessProbe.?tcpSocket.?host",
    "readinessProbe.?httpGet.?host",
    "readinessProbe.?tcpSocket.?host",
    "startupProbe.?httpGet.?host",
    "startupProbe.?tcpSocket.?host",
    "lifecycle.?postStart.?httpGet.?host",
    "lifecycle.?postStart.?tcpSocket.?host",
    "lifecycle.?preStop.?httpGet.?host",
    "lifecycle.?preStop.?tcpSocket.?host",
)
_VARIABLES: Final = immutabledict(
    {
        **POD_VARIABLES,
        "podSecurity": "has(variables.pod.securityContext) ? [variables.pod.securityContext] : []",
        "security": """variables.podSecurity +
        variables.containers.filter(c, has(c.securityContext)).map(c, c.securityContext)""",
    }
)
_RULES: Final = (
    (
        "no namespaces of the host (hostNetwork, hostPID, hostIPC)",
        """!variables.pod.?hostNetwork.orValue(false) && !variables.pod.?hostPID.orValue(false) &&
        !variables.pod.?hostIPC.orValue(false)""",
    ),
    (
        f"volumes are one of {', '.join(_VOLUMES)}, without a Secret for the node",
        every(
            f"variables.volumes.all(v, {either(*(f'has(v.{kind})' for kind in _VOLUMES))})",
            "variables.volumes.all(v, !has(v.csi) || !has(v.csi.nodePublishSecretRef))",
        ),
    ),
    (
        "no ports of the host",
        "variables.containers.all(c, c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0))",
    ),
    (
        "no privileged containers",
        "variables.security.all(s, !s.?privileged.orValue(false) && !s.?windowsOptions.?hostProcess.orValue(false))",
    ),
    (
        "no capabilities beyond the default",
        f"variables.security.all(s, s.?capabilities.?add.orValue([]).all(c, c in {cel_list(_CAPABILITIES)}))",
    ),
    ("no unmasked /proc", "variables.security.all(s, s.?procMount.orValue('Default') == 'Default')"),
    (
        "no unconfined seccomp or AppArmor profile",
        """variables.security.all(s, s.?seccompProfile.?type.orValue('') != 'Unconfined' &&
        s.?appArmorProfile.?type.orValue('') != 'Unconfined')""",
    ),
    (
        "no SELinux options but a container's types",
        f"""variables.security.all(s, s.?seLinuxOptions.?type.orValue('') in {cel_list(_SELINUX)} &&
        s.?seLinuxOptions.?user.orValue('') == '' && s.?seLinuxOptions.?role.orValue('') == '')""",
    ),
    (
        "no unsafe sysctls",
        f"variables.podSecurity.all(s, s.?sysctls.orValue([]).all(y, y.name in {cel_list(_SYSCTLS)}))",
    ),
    (
        "no probes or hooks that reach another host",
        "variables.containers.all(c, " + " &&\n".join(f"c.?{path}.orValue('') == ''" for path in _HANDLERS) + ")",
    ),
)


def guard(federation: Federation) -> Policy:
    """The policy for all users of the federation."""
    return Policy(NAME, of_the_fleet(federation), WITH_PODS, _RULES, _VARIABLES)


def token_guard(federation: Federation) -> Policy:
    """`fleet-guard-tokens`: no Secret that Kubernetes would fill with the token of whatever account it names."""
    rule = (
        "no Secrets that Kubernetes fills with a service account's token",
        "object.?type.orValue('') != 'kubernetes.io/service-account-token'",
    )
    return Policy(f"{NAME}-tokens", of_the_fleet(federation), (Matched("", ("secrets",)),), (rule,))


def of_the_fleet(federation: Federation) -> str:
    """CEL: whether the request is a placement's."""
    return f"request.userInfo.username.startsWith({cel_text(federation.prefix)})"
