"""What a lab consists of: shipped as data, or a file of the user's."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from kubefleet.spec.cluster import NodesSpec
from kubefleet.spec.mistakes import Mistake, MistakesError, Spelling, did_you_mean
from kubefleet.spec.named_items import located
from kubefleet.spec.scalars import Labels, Name, Whole
from kubefleet.spec.toleration import MemberTaintSpec
from kubefleet.spec.written import Written, read
from kubefleet.spec.yaml_file import load_yaml

MOST_MEMBERS = 100
_SHIPPED = Path(__file__).with_name("labs")
_NUMBERED = re.compile(r"(.*)-(\d+)", re.ASCII)


class LabClusterSpec(Written):
    """One cluster: an API server, which controllers run on it, and which nodes kwok plays.

    `labels` and `taints` are the member's, for who declares the fleet; the label `region` also becomes the nodes'.
    """

    name: Name
    role: Literal["member", "hub"] = "member"
    labels: Labels = {}
    taints: list[MemberTaintSpec] = []
    controllers: list[Literal["controller-manager", "scheduler"]] = ["controller-manager", "scheduler"]
    plays: list[Literal["nodes", "pods", "deployments"]] = ["nodes", "pods"]
    nodes: list[NodesSpec] = []


HUB = LabClusterSpec(name="hub", role="hub", controllers=["controller-manager"], plays=[])


class LabSpec(Written):
    """A lab as written in `lab.yaml`.

    `etcd: shared` keeps all clusters in one etcd under prefixes of their own. `members` makes that many members, the
    written ones over and over, named by counting on.
    """

    name: Name
    etcd: Literal["each", "shared"] = "each"
    members: Annotated[Whole, Field(ge=1, le=MOST_MEMBERS)] | None = None
    clusters: Annotated[list[LabClusterSpec], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> "LabSpec":
        names = [cluster.name for cluster in self.clusters]
        for name in sorted(set(names)):
            if names.count(name) > 1:
                raise ValueError(f"cluster name `{name}` is used {names.count(name)} times (expected once)")
        return self

    def sized(self, members: int | None = None, *, hub: bool = False) -> "LabSpec":
        """The lab with `members` members (default: as written) and, if asked for, a hub in front.

        Raises:
            MistakesError: fewer than one member or more than `MOST_MEMBERS`.
        """
        wanted = self.members if members is None else members
        if wanted is not None and not 1 <= wanted <= MOST_MEMBERS:
            raise MistakesError([Mistake("members", f"bad number `{wanted}` (expected 1 to {MOST_MEMBERS})")])
        hubs = [cluster for cluster in self.clusters if cluster.role == "hub"]
        written = [cluster for cluster in self.clusters if cluster.role == "member"]
        if hub and not hubs:
            hubs = [HUB]
        taken = {cluster.name for cluster in hubs}
        for name in sorted(taken & {cluster.name for cluster in written}):
            raise MistakesError([Mistake("clusters", f"a member is called `{name}` (expected that only the hub is)")])
        return self.model_copy(update={"members": None, "clusters": [*hubs, *_repeated(written, wanted, taken)]})


def shipped_labs() -> tuple[str, ...]:
    """Names of the labs that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.yaml")))


def load_spec(source: str | Path) -> LabSpec:
    """A shipped lab by its name, or a `lab.yaml` by its path.

    Raises:
        MistakesError: everything that is wrong with the file, by path and line.
    """
    path = _SHIPPED / f"{source}.yaml" if str(source) in shipped_labs() else Path(source)
    if path.suffix not in {".yaml", ".yml"}:
        message = f"no lab is called `{source}` (expected {', '.join(shipped_labs())}, or a YAML file)."
        raise MistakesError([Mistake("", message + did_you_mean(source, shipped_labs()))])
    mistakes: list[Mistake] = []
    documents = load_yaml(path, mistakes)
    if not mistakes and len(documents) != 1:
        mistakes.append(Mistake("", f"{len(documents)} documents (expected one)", str(path)))
    if mistakes:
        raise MistakesError(mistakes)
    spec = read(LabSpec, documents[0].value, "", Spelling.FILE, mistakes)
    if spec is None:
        raise MistakesError(located(mistakes, documents[0]))
    return spec


def _repeated(written: list[LabClusterSpec], wanted: int | None, taken: set[str]) -> list[LabClusterSpec]:
    """`wanted` members: the written ones, then copies of them in turn under the next free number of their names."""
    if wanted is None or not written:
        return written
    members = written[:wanted]
    used = {*taken, *(cluster.name for cluster in written)}
    while len(members) < wanted:
        pattern = written[len(members) % len(written)]
        match = _NUMBERED.fullmatch(pattern.name)
        stem, number = (match[1], int(match[2])) if match else (pattern.name, 2)
        while (name := f"{stem}-{number}") in used:
            number += 1
        used.add(name)
        members = [*members, pattern.model_copy(update={"name": name})]
    return members
