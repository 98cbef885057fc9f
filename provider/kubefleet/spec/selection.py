"""`select`: a placement takes some objects of its manifests, and what these share with others follows them.

Two workloads of one folder may so go to different clusters, each with the namespace, the accounts, the settings and the
secrets that it names. What follows is found by reading the manifests, nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kubefleet.model.selection import Named, Selection
from kubefleet.spec.attached_objects import Attachment, attachments
from kubefleet.spec.manifests import ManifestObject
from kubefleet.spec.mistakes import Mistake, did_you_mean, join
from kubefleet.spec.named_objects import Address, UnknownPartError, address_of, mapping, named_objects, text

Objects = Mapping[Address, ManifestObject]
_CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")


def select_objects(
    objects: Sequence[ManifestObject], wanted: Sequence[str], path: str, mistakes: list[Mistake]
) -> tuple[tuple[ManifestObject, ...], Selection]:
    """The objects that `wanted` (`Kind/name` or `Kind/namespace/name`) names, with all that follows them, in their
    order; and the listing of that. What cannot be read is added to `mistakes`.
    """
    known = {address_of(item.object): item for item in objects}
    selected: list[Address] = []
    for index, name in enumerate(wanted):
        matching = [address for address in known if name in _spellings(address)]
        if len(matching) == 1:
            selected += matching
        else:
            mistakes.append(Mistake(join(path, "select", index), _unmatched(name, matching, known)))
    try:
        attached = attachments(item.object for item in objects)
        taken, absent = _closure(known, selected, attached)
    except UnknownPartError as error:
        message = f"{error} (expected one that is known when the program runs: `select` reads what follows from it)."
        mistakes.append(Mistake(join(path, "select"), message))
        return (), Selection(())
    unclear = [
        Named(str(each.object), f"serves {_listed(address for address in each.to if address not in taken)} too")
        for each in attached
        if each.object not in taken and any(address in taken for address in each.to)
    ]
    follows = [Named(str(address), why) for address, why in taken.items() if why]
    listing = Selection(
        tuple(sorted({str(address) for address in selected})),
        tuple(sorted(follows)),
        tuple(sorted(Named(str(address), why) for address, why in absent.items())),
        tuple(sorted(unclear)),
    )
    return tuple(item for address, item in known.items() if address in taken), listing


def _closure(
    known: Objects, selected: Sequence[Address], attached: Sequence[Attachment]
) -> tuple[dict[Address, str], dict[Address, str]]:
    """Everything that is taken, with who brought it (empty for what was selected), and what is named but not there."""
    taken: dict[Address, str] = dict.fromkeys(selected, "")
    absent: dict[Address, str] = {}
    seen = set(selected)
    news = sorted(set(selected))
    while news:
        found: dict[Address, str] = {}
        for address in news:
            for named, optional in (*named_objects(known[address].object), *_definition(known, address)):
                seen.add(named)
                if named in known:
                    found.setdefault(named, f"named by {address}")
                elif not optional:
                    absent.setdefault(named, f"named by {address}")
        for each in attached:
            here = [address for address in each.to if address in seen]
            if here and (each.shared or len(here) == len(each.to)):
                found.setdefault(each.object, f"serves {here[0]}")
        news = sorted(address for address in found if address not in taken)
        taken |= {address: found[address] for address in news}
        seen |= set(news)
    return taken, absent


def _definition(known: Objects, address: Address) -> Iterator[tuple[Address, bool]]:
    """The CRD among the manifests that defines the kind of a custom resource."""
    for other, item in known.items():
        if (other.group, other.kind) == _CRD:
            spec = mapping(item.object, "spec")
            if (text(spec, "group"), text(mapping(spec, "names"), "kind")) == (address.group, address.kind):
                yield other, True


def _spellings(address: Address) -> tuple[str, str]:
    return f"{address.kind}/{address.name}", str(address)


def _unmatched(name: str, matching: Sequence[Address], known: Objects) -> str:
    if matching:
        return f"`{name}` is ambiguous (expected one of {_listed(matching)}). Write the namespace too."
    names = [_spellings(address)[0] for address in known]
    return f"`{name}` is not among the manifests (expected `Kind/name` of one of them).{did_you_mean(name, names)}"


def _listed(addresses: Any) -> str:
    return ", ".join(sorted(str(address) for address in addresses))
