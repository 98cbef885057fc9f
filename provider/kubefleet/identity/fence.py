"""`fleet-fence`: what T1 may write. RBAC cannot say it, so an admission policy reads every role and binding of T1's.

T1 may write roles named `fleet:*` and nothing else, so each rule here closes one way out: a rule without names, or with
an empty one (which is the whole collection), a resource outside the ceiling, a label or an aggregation by which
Kubernetes' own controllers would copy rules elsewhere, a binding of somebody else, or to a role that is another user's.
Where an agent acts as the placements T1 also says as which: that is a shape of its own, told by its name, and nothing
else may have that name.
"""

from collections.abc import Iterable
from typing import Final

from immutabledict import immutabledict

from kubefleet.identity.admission_policy import Matched, Policy, cel_list, cel_text, either, every
from kubefleet.identity.agent import acting_as
from kubefleet.identity.ceiling import (
    INSIDE,
    LABEL,
    Ceiling,
    Permit,
    permits_in_cluster,
    permits_in_home,
    permits_in_namespace,
)
from kubefleet.identity.escalation import RBAC
from kubefleet.identity.federation import AGENT_PREFIX, ROLE_PREFIX, Federation
from kubefleet.identity.needs import HOME
from kubefleet.identity.roles import RIGHTS, RIGHTS_LABEL

NAME: Final = "fleet-fence"
_VARIABLES: Final = immutabledict(
    {
        "going": "request.operation == 'DELETE'",
        # Untyped: roles and bindings have different fields, and a server would warn of each.
        "item": "dyn(variables.going ? oldObject : object)",
        "rules": "variables.going ? [] : variables.item.?rules.orValue([])",
        "namespaced": "request.resource.resource in ['roles', 'rolebindings']",
        "binding": "!variables.going && request.resource.resource in ['rolebindings', 'clusterrolebindings']",
    }
)
_TO_ITS_NAMESAKE: Final = every(
    "variables.item.roleRef.name == variables.item.metadata.name",
    "variables.item.roleRef.kind == (variables.namespaced ? 'Role' : 'ClusterRole')",
)


def fence(federation: Federation, ceiling: Ceiling) -> Policy:
    """The policy for a member with this ceiling. On deletion only the name and the namespace matter."""
    agents = f"variables.item.metadata.name.startsWith({cel_text(AGENT_PREFIX)})" if federation.agent else "false"
    whom = f"variables.item.metadata.name.substring({len(AGENT_PREFIX)})"
    rules = (
        (
            f"T1 writes roles and bindings named {ROLE_PREFIX}* only",
            f"variables.item.metadata.name.startsWith({cel_text(ROLE_PREFIX)})",
        ),
        (
            f"the namespace is outside the ceiling: it has no label {LABEL}={INSIDE}",
            f"""!variables.namespaced ||
            namespaceObject.metadata.?labels[?{cel_text(LABEL)}].orValue('') == {cel_text(INSIDE)}""",
        ),
        (
            "no aggregation: Kubernetes would copy rules",
            f"""variables.going || (!has(variables.item.aggregationRule) &&
            variables.item.metadata.?labels.orValue({{}}).all(key, !key.startsWith({cel_text(RBAC + "/")})))""",
        ),
        (
            f"a role in a namespace has the label {RIGHTS_LABEL}={RIGHTS}, by which fleet-guard finds it",
            f"""variables.going || request.resource.resource != 'roles' ||
            variables.item.metadata.?labels[?{cel_text(RIGHTS_LABEL)}].orValue('') == {cel_text(RIGHTS)}""",
        ),
        (
            "a rule in a namespace that is outside the ceiling, without names or with other verbs",
            f"""!variables.namespaced || variables.rules.all(r,
            request.namespace == {cel_text(HOME)} ?
            {_one_of(permits_in_home())} :
            {_one_of(permits_in_namespace(ceiling))})""",
        ),
        (
            "a rule of the cluster that is outside the ceiling, without names or with other verbs",
            f"""variables.namespaced || variables.agents || variables.rules.all(r,
            {_one_of(permits_in_cluster(ceiling))})""",
        ),
        (
            "a binding is of one user of the fleet, to the role of that user",
            f"!variables.binding || variables.agents || ({_own_role(federation)})",
        ),
        *(_of_the_agent(federation) if federation.agent else ()),
    )
    kinds = ("clusterrolebindings", "clusterroles", "rolebindings", "roles")
    return Policy(
        NAME,
        f"request.userInfo.username == {cel_text(federation.rbac_user)}",
        (Matched(RBAC, kinds, ("CREATE", "UPDATE", "DELETE")),),
        rules,
        {**_VARIABLES, "agents": agents, "whom": whom},
    )


def _one_of(permits: Iterable[Permit]) -> str:
    """CEL: whether the rule `r` has one of these forms; see `Permit.covers`."""
    return f"!has(r.nonResourceURLs) && ({either(*map(_has_form, permits))})"


def _has_form(permit: Permit) -> str:
    names = "r.?resourceNames.orValue([])"
    among = f"n in {cel_list(permit.names)}" if permit.names is not None else "n != ''"
    return every(
        f"r.apiGroups.all(g, r.resources.all(s, (g == '' ? s : s + '.' + g) in {cel_list(permit.resources)}))",
        f"r.verbs.all(v, v in {cel_list(permit.verbs)})",
        f"size({names}) == 0" if permit.whole else f"size({names}) > 0 && {names}.all(n, {among})",
    )


def _own_role(federation: Federation) -> str:
    """CEL: whether the binding binds the one role of the one user that it names, who is a placement's."""
    of_that_user = f"variables.item.metadata.name == {cel_text(federation.role_prefix)} + s.name"
    return every(_only_subject(_is_placement(federation, "s.name"), of_that_user), _TO_ITS_NAMESAKE)


def _of_the_agent(federation: Federation) -> tuple[tuple[str, str], ...]:
    """What may be called as the roles are by which the agent acts as placements."""
    form = acting_as((), legacy=federation.legacy)
    # A rule of URLs has no groups: what cannot be evaluated is denied.
    exactly = every(
        "size(variables.rules) == 1",
        f"""variables.rules.all(r, r.apiGroups == {cel_list(form.groups)} &&
        r.resources == {cel_list(form.resources)} && r.verbs == {cel_list(form.verbs)} &&
        r.?resourceNames.orValue([]) == [variables.whom])""",
    )
    only = _only_subject(f"s.name == {cel_text(federation.agent)}")
    return (
        (
            f"{AGENT_PREFIX}USER is the cluster's, and that user a placement's",
            f"""!variables.agents || variables.going ||
            (!variables.namespaced && {_is_placement(federation, "variables.whom")})""",
        ),
        (
            f"{AGENT_PREFIX}USER is to act as that user, and nothing else",
            f"!variables.agents || variables.going || variables.binding || ({exactly})",
        ),
        (
            f"{AGENT_PREFIX}USER is the agent's, and nobody else's",
            f"!variables.agents || !variables.binding || ({every(only, _TO_ITS_NAMESAKE)})",
        ),
    )


def _is_placement(federation: Federation, name: str) -> str:
    """CEL: whether a user is a placement's by the name, which is a CEL expression."""
    own = cel_list(federation.own_users)
    return f"{name}.startsWith({cel_text(federation.prefix)}) && !({name} in {own})"


def _only_subject(*conditions: str) -> str:
    """CEL: whether the binding has one subject, a user `s` of whom this holds."""
    user = f"s.kind == 'User' && s.apiGroup == {cel_text(RBAC)}"
    return every(
        "size(variables.item.?subjects.orValue([])) == 1",
        f"variables.item.subjects.all(s, {' && '.join((user, *conditions))})",
    )
