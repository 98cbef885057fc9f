"""What a placement takes of its manifests, in words."""

from kubefleet.model.selection import Named, Selection

_SHOWN = 6


def selection_line(selection: Selection) -> str:
    """One line: `takes Deployment/shop/web; Namespace/shop, Secret/shop/tls follow; not in the manifests: ...`."""
    parts = [f"takes {', '.join(selection.selected)}"]
    if selection.follows:
        parts.append(f"{_listed(selection.follows)} follow" + ("s" if len(selection.follows) == 1 else ""))
    if selection.absent:
        parts.append(f"not in the manifests: {_listed(selection.absent)}")
    if selection.unclear:
        parts.append(f"left out: {_listed(selection.unclear)}")
    return "; ".join(parts)


def selection_lines(selection: Selection) -> list[str]:
    """The whole listing, an object a line, with who brings it."""
    return [
        *(f"  selected {name}" for name in selection.selected),
        *(f"  follows  {item.object}: {item.why}" for item in selection.follows),
        *(f"  absent   {item.object}: {item.why}; not in the manifests" for item in selection.absent),
        *(f"  left out {item.object}: {item.why}" for item in selection.unclear),
    ]


def _listed(named: tuple[Named, ...]) -> str:
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return ", ".join(item.object for item in named[:_SHOWN]) + more
