"""What a fleet's own arguments say of its clusters, as its schedule gets it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi

from kubefleet.spec.mistakes import Mistake
from pulumi_kubefleet._record import plain

if TYPE_CHECKING:
    from pulumi_kubefleet.fleet import Fleet


_TABLES = {"sku_file": "skus", "price_file": "prices"}


def read_knowledge(fleet: "Fleet") -> tuple[dict[str, Any], list[Mistake]]:
    """`skus` and `prices` as they stand in the files, and `hub`; only what was given. Files are found from the working
    directory, and read when the program runs: what they hold stands in state, where `kubefleet explain` finds it.
    """
    found: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for field, key in _TABLES.items():
        path = fleet._of_all.get(field)
        if path is not None and (content := _content(path, field, mistakes)):
            found[key] = content
    if (hub := fleet._of_all.get("hub")) is not None:
        found["hub"] = plain(hub)
    return found, mistakes


def _content(path: Any, field: str, mistakes: list[Mistake]) -> Any:
    if isinstance(path, pulumi.Output) or not isinstance(path, str | Path):
        mistakes.append(Mistake(f"fleet.{field}", f"bad value of type {type(path).__name__} (expected a file's path)."))
        return None
    # Few programs have such files, and checking them takes pydantic: half the time in which a program starts.
    from kubefleet.spec.named_items import located
    from kubefleet.spec.price_table import parse_prices
    from kubefleet.spec.sku_table import parse_skus
    from kubefleet.spec.table_file import load_table

    wrong: list[Mistake] = []
    document = load_table(Path(path), wrong)
    if document is not None:
        if field == "sku_file":
            parse_skus(document.value, "", wrong)
        else:
            parse_prices(document.value, "", wrong)
        wrong = located(wrong, document)
    mistakes.extend(wrong)
    return document.value if document is not None and not wrong else None
