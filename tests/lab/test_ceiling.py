"""What a member's admin lets in beyond the default, on a member that is joined so."""

from dataclasses import replace

import pytest
from joined_member import API, CEILING, FEDERATION, RBAC, SHOP, WEB, joined
from rbac_objects import CORE, GOOD, binding, cluster_role, role, rule

from identity_objects import SERVED, UID, thing
from kubefleet.identity import Action, derive_rbac
from kubefleet.identity.ceiling import outside_ceiling

pytestmark = pytest.mark.lab

T1 = FEDERATION.rbac_user
FENCE = "ValidatingAdmissionPolicy 'fleet-fence'"
NO_RIGHT = "cannot "


def test_roles_that_the_ceiling_names_can_be_handed_on_and_no_others(access):
    """`allow_escalation`: the placement writes this one Role, whatever it says, and binds it; nothing else."""
    inner = role(rule(**CORE, resources=["secrets"], verbs=["list"], resourceNames=None), name="reader")
    bound = binding("system:serviceaccount:x:y", name="readers", to="reader")
    other = role(GOOD, name="writer")
    with joined(access, replace(CEILING, escalation=("reader",))) as member:
        rights = derive_rbac([inner, bound], (), SERVED, uid=UID, allow_escalation=["reader"])
        assert outside_ceiling(rights, replace(CEILING, escalation=("reader",))) == ()
        member.grant(WEB, rights)
        for manifest in (inner, bound):
            member.apply(WEB, manifest)
        member.denied(WEB, other, NO_RIGHT)
        admin_there = binding("system:serviceaccount:x:y", name="readers2", to="admin", kind="ClusterRole")
        member.denied(WEB, admin_there, NO_RIGHT)
        escalating = rule(apiGroups=[RBAC], resources=["roles"], verbs=["escalate"], resourceNames=["reader", "writer"])
        member.denied(T1, role(escalating, name=API), FENCE)


def test_namespaces_are_let_in_by_name(access):
    ceiling = replace(CEILING, cluster_scoped=("namespaces",))
    with joined(access, ceiling) as member:
        space = thing("Namespace", SHOP, labels={"a": "b"})
        rights = derive_rbac([space], (), SERVED, uid=UID)
        assert outside_ceiling(rights, ceiling) == ()
        member.grant(WEB, rights)
        assert member.allows(WEB, Action("patch", "", "namespaces", "", SHOP))
        wider = rule(**CORE, resources=["namespaces"], verbs=["patch"], resourceNames=[SHOP, "kube-system"])
        member.denied(T1, cluster_role(wider, name=API), FENCE)
