import pytest
from immutabledict import immutabledict

from kubefleet.model.affinity import Affinity, PlacementSelector
from kubefleet.model.policy import Divided, Policy, PolicyType
from kubefleet.model.request import Request, Workload
from kubefleet.spec.mistakes import Mistake, Spelling
from kubefleet.spec.references import check_references

pytestmark = pytest.mark.fast


def check(request: Request, *members: str, spelling: Spelling = Spelling.PYTHON) -> list[str]:
    mistakes: list[Mistake] = []
    check_references([request], members, mistakes, spelling=spelling)
    return [str(mistake) for mistake in mistakes]


def divided(total: int, **bounds: dict[str, int]) -> Request:
    parts = {field: immutabledict(numbers) for field, numbers in bounds.items()}
    return Request("web", workloads=(Workload("api", "default", total),), divided=Divided(**parts))


@pytest.mark.parametrize(("spelling", "field"), [(Spelling.PYTHON, "cluster_names"), (Spelling.FILE, "clusterNames")])
def test_a_name_that_is_no_member_is_a_mistake_with_the_closest_one(spelling: Spelling, field: str) -> None:
    fixed = Request("web", policy=Policy(PolicyType.PICK_FIXED, names=("eu-1", "eu-l")))
    assert check(fixed, "us-1", "eu-1", spelling=spelling) == [
        f"placements.web.policy.{field}: unknown cluster `eu-l` (expected a member: eu-1, us-1). Did you mean `eu-1`?"
    ]


def test_every_field_of_replicas_is_looked_at() -> None:
    found = check(divided(9, weights={"a": 1, "x": 1}, min={"y": 1}, max={"z": 1}), "a")
    assert [mistake.split(":")[0] for mistake in found] == [
        "placements.web.replicas.weights.x",
        "placements.web.replicas.min.y",
        "placements.web.replicas.max.z",
    ]


@pytest.mark.parametrize(("total", "count"), [(5, 0), (4, 1)])
def test_minimums_may_sum_up_to_the_total_and_not_to_more(total: int, count: int) -> None:
    assert len(check(divided(total, min={"a": 2, "b": 3}), "a", "b")) == count


def test_without_members_it_says_so() -> None:
    (mistake,) = check(Request("web", policy=Policy(PolicyType.PICK_FIXED, names=("a",))))
    assert "(expected a member: none is declared)" in mistake


@pytest.mark.parametrize(("spelling", "field"), [(Spelling.PYTHON, "anti_affinity"), (Spelling.FILE, "antiAffinity")])
def test_affinities_name_other_placements_of_the_program(spelling: Spelling, field: str) -> None:
    rule = Affinity(PlacementSelector(("dB", "db", "shop/cache", "web")))
    web = Request("web", policy=Policy(affinity=(rule,), anti_affinity=(Affinity(PlacementSelector(("dbs",))),)))
    mistakes: list[Mistake] = []
    check_references([web, Request("db")], (), mistakes, spelling=spelling, placement_names=["late"])
    known = "(expected another placement of this program: db, late; or FLEET/NAME of another stack's)."
    assert [str(mistake) for mistake in mistakes] == [
        f"placements.web.policy.affinity[0].placements.names: unknown placement `dB` {known} Did you mean `db`?",
        f"placements.web.policy.affinity[0].placements.names: the placement's own name `web` {known}",
        f"placements.web.policy.{field}[0].placements.names: unknown placement `dbs` {known} Did you mean `db`?",
    ]
