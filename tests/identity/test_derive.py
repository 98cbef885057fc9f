import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity_objects import KIND, SERVED, UID, both, rights_allow, thing
from kubefleet.identity import Action, Flawed, derive_rbac, needed_actions
from kubefleet.identity.lint import lint
from kubefleet.identity.rights import actions_of, rights_for
from kubefleet.identity.served import address_of
from kubefleet.kube.inventory_object import NAMESPACE
from kubefleet.kube.inventory_store import HOME
from kubefleet.kube.kept_revision import kept_ref
from kubefleet.kube.object_ref import ObjectRef

pytestmark = pytest.mark.fast

NAMES = st.sampled_from(["web", "api", "db", "cache", "cron", "a", "b"])
SPACES = st.sampled_from(["shop", "blog"])
ORDINARY = [kind for kind in KIND if "Role" not in kind]
OBJECTS = st.lists(st.builds(thing, st.sampled_from(ORDINARY), NAMES, SPACES), max_size=12, unique_by=str)
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "escalate", "bind")
COMMON = settings(max_examples=60, derandomize=True, deadline=None)


def derived(objects, previous=(), **options):
    return derive_rbac(objects, [address_of(item) for item in previous], SERVED, uid=UID, **options)


def needed(objects, previous=(), **options):
    return needed_actions(objects, [address_of(item) for item in previous], SERVED, uid=UID, **options)


@settings(COMMON, max_examples=20)
@given(OBJECTS, OBJECTS)
def test_exactly_what_is_needed_is_allowed(objects, previous):
    wanted = needed(objects, previous)
    rights = derived(objects, previous)
    assert all(rights_allow(rights, action) for action in wanted)
    collections = {(a.verb, a.group, a.resource, a.namespace) for a in wanted if not a.name}
    for kind in SERVED:
        group = kind.api_version.rpartition("/")[0]
        for space in ("shop", "blog", "other", "") if kind.namespaced else ("",):
            for name in ("web", "api", "db", "a", "x", "web-0", ""):
                for verb in VERBS:
                    action = Action(verb, group, kind.plural, space, name)
                    asked = action in wanted or (verb, group, kind.plural, space) in collections
                    assert rights_allow(rights, action) == asked, action
        for subresource in ("exec", "scale", "status", "token", "eviction"):
            assert not rights_allow(rights, Action("create", group, kind.plural, "shop", "web", subresource))


@COMMON
@given(OBJECTS, OBJECTS, st.randoms(use_true_random=False))
def test_the_order_of_objects_changes_nothing(objects, previous, chance: random.Random):
    one = derived(objects, previous)
    chance.shuffle(objects)
    chance.shuffle(previous)
    other = derived(objects, previous)
    assert one == other
    assert one.digest == other.digest


@COMMON
@given(OBJECTS, OBJECTS)
def test_no_wildcard_no_other_name_no_other_verb(objects, previous):
    named = {item["metadata"]["name"] for item in (*objects, *previous)}
    named |= {f"{name}-0" for name in named} | {UID, f"{UID}.before", "pulumi-kubefleet"}
    rights = derived(objects, previous)
    for scope, rules in rights.rules.items():
        for rule in rules:
            assert "*" not in (*rule.groups, *rule.resources, *rule.verbs, *rule.names)
            assert set(rule.names) <= named
            assert rule.names or (rule.verbs, rule.resources) in ((("list",), ("pods",)), (("list",), ("jobs",)))
            assert set(rule.verbs) <= {"get", "list", "watch", "create", "patch", "delete"}
            assert scope in {"", "shop", "blog", "pulumi-kubefleet"}
    opted_in = {"customresourcedefinitions.apiextensions.k8s.io"}
    assert lint(rights, opted_in=opted_in) == ()


@COMMON
@given(OBJECTS, OBJECTS)
def test_a_change_passes_through_both_and_ends_with_the_new(old, new):
    before, after = derived(old), derived(new, old)
    wide = both(before, after)
    assert actions_of(wide) == actions_of(before) | actions_of(after)
    assert both(wide, after) == wide
    assert rights_for(actions_of(wide)) == wide


def test_the_digest_is_known_and_changes_with_any_name():
    """A change of the canonical form would have every placement write its rights anew."""
    web = derived([thing("ConfigMap", "web")])
    assert web.digest == "cba0340d0dd9fdd9e0d5f1d90ca01f1ece6e5ac5d2ac1683297f99aa3b974c30"
    assert derived([thing("ConfigMap", "wex")]).digest != web.digest


def test_names_come_in_chunks_of_500():
    rights = derived([thing("ConfigMap", f"c{index:04}") for index in range(1201)])
    assert [len(rule.names) for rule in rights.rules["shop"]] == [500, 500, 201]


def test_at_most_16_are_watched_and_those_that_take_longest_come_first():
    jobs = [thing("Job", f"j{index:02}") for index in range(20)]
    wanted = needed([*jobs, thing("StatefulSet", "zz"), thing("ConfigMap", "c")])
    watched = sorted(action.name for action in wanted if action.verb == "watch")
    assert watched == [f"j{index:02}" for index in range(15)] + ["zz"]


def test_pods_of_a_stateful_set_can_be_deleted_by_their_names_only():
    sets = thing("StatefulSet", "db", spec={"replicas": 3, "ordinals": {"start": 5}})
    deletable = sorted(
        action.name for action in needed([sets]) if action.resource == "pods" and action.verb == "delete"
    )
    assert deletable == ["db-5", "db-6", "db-7"]


def test_what_is_to_be_pruned_stays_within_reach():
    rights = derived([], [thing("Deployment", "old"), thing("CronJob", "nightly")])
    assert rights_allow(rights, Action("delete", "apps", "deployments", "shop", "old"))
    assert rights_allow(rights, Action("list", "batch", "jobs", "shop"))
    assert not rights_allow(rights, Action("list", "", "pods", "shop"))


def test_a_kind_that_is_gone_needs_nothing_any_more():
    gone = thing("ConfigMap", "x") | {"apiVersion": "gone.test/v1"}
    assert derived([], [gone]) == derived([])


def test_a_crd_of_the_placement_makes_its_kind_known():
    crd = thing(
        "CustomResourceDefinition",
        "gadgets.made.test",
        spec={
            "group": "made.test",
            "scope": "Namespaced",
            "names": {"plural": "gadgets", "kind": "Gadget"},
            "versions": [{"name": "v1"}],
        },
    )
    gadget = {"apiVersion": "made.test/v1", "kind": "Gadget", "metadata": {"name": "g", "namespace": "shop"}}
    assert rights_allow(derived([crd, gadget]), Action("patch", "made.test", "gadgets", "shop", "g"))


def test_a_claim_may_look_at_the_storage_class_it_names():
    claim = thing("PersistentVolumeClaim", "data", spec={"storageClassName": "fast"})
    assert Action("get", "storage.k8s.io", "storageclasses", "", "fast") in needed([claim])


def test_all_mistakes_are_told_at_once_and_the_missing_rule_is_named():
    role = thing("Role", "reader")
    binding = thing("RoleBinding", "b", roleRef={"kind": "ClusterRole", "name": "admin"})
    unknown = thing("ConfigMap", "x") | {"kind": "Gizmo"}
    homeless = thing("Secret", "s", "")
    with pytest.raises(Flawed) as flawed:
        derived([role, binding, unknown, homeless])
    assert [str(flaw) for flaw in flawed.value.flaws] == [
        "Gizmo shop/x: the member serves no Gizmo of `v1`. Apply its CRD first",
        (
            "Role shop/reader: it takes escalate on roles.rbac.authorization.k8s.io `reader` in namespace `shop`. "
            "Allow it: allow_escalation=[`reader`]"
        ),
        (
            "RoleBinding shop/b: it takes bind on clusterroles.rbac.authorization.k8s.io `admin` in namespace `shop`. "
            "Allow it: allow_escalation=[`admin`]"
        ),
        "Secret s: no metadata.namespace (expected one: the kind is namespaced)",
    ]


def test_escalation_is_allowed_on_the_named_roles_only():
    role = thing("Role", "reader")
    binding = thing("RoleBinding", "b", roleRef={"kind": "Role", "name": "reader"})
    rights = derived([role, binding], allow_escalation=["reader"])
    group = "rbac.authorization.k8s.io"
    assert rights_allow(rights, Action("escalate", group, "roles", "shop", "reader"))
    assert rights_allow(rights, Action("bind", group, "roles", "shop", "reader"))
    assert not rights_allow(rights, Action("bind", group, "roles", "shop", "other"))
    assert not rights_allow(rights, Action("escalate", group, "roles", "blog", "reader"))
    assert {flaw.path for flaw in lint(rights)} == {"shop.rules[1]"}
    assert lint(rights, escalation={"reader"}) == ()


def test_the_placements_own_records_are_where_the_executor_keeps_them():
    wanted = needed([])
    for ref, plural in ((kept_ref(UID), "secrets"), (ObjectRef("v1", "ConfigMap", NAMESPACE, UID), "configmaps")):
        assert {Action(verb, "", plural, ref.namespace, ref.name) for verb in ("create", "get", "patch")} <= wanted
    assert Action("get", "", "namespaces", "", HOME.name) in wanted
