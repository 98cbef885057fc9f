"""What an API server answers, checked as far as everything else relies on it."""

import json
from typing import Any, cast

import msgspec

from kubefleet.kube.errors import ApiError, BadAnswer, read_status
from kubefleet.kube.list_pages import Page

Json = dict[str, Any]


def parse_object(member: str, path: str, data: bytes) -> Json:
    """The JSON object in `data`. Raises BadAnswer, which shows nothing of it."""
    try:
        body = json.loads(data)
    except ValueError:
        # Not chained: a JSON error holds the document, and that may be a Secret.
        raise BadAnswer(member, f"{path}: answer of {len(data)} bytes is not JSON") from None
    if not isinstance(body, dict):
        raise BadAnswer(member, f"{path}: answer is not a JSON object")
    return body


def parse_page(member: str, path: str, data: bytes, page: Page) -> Json:
    """What a decoder's type names of the JSON object in `data`, the rest skipped. Raises BadAnswer."""
    try:
        return cast(Json, page.decode(data))
    except msgspec.DecodeError as error:
        # Its text names the path and the kinds of values, no value.
        raise BadAnswer(member, f"{path}: {error}") from None


def items_of(member: str, path: str, page: Json) -> list[Json]:
    """The items of a list. Raises BadAnswer."""
    items = page.get("items")
    if items is None:
        items = []  # Go writes an empty slice as null
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadAnswer(member, f"{path}: answer is not a list of objects")
    return items


def objects_of(member: str, path: str, page: Json) -> list[Json]:
    """The items of a list as a GET of each would give them: with apiVersion and kind. Raises BadAnswer.

    Lists of built-in kinds say both only in their head (`DeploymentList`); what an item says of itself wins.
    """
    head = {"apiVersion": page.get("apiVersion"), "kind": str(page.get("kind") or "").removesuffix("List")}
    return [{**head, **item} for item in items_of(member, path, page)]


def uid_of(item: Json) -> str:
    """What tells an object from all others: its uid, or where that lacks its namespace and name."""
    metadata = item.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    return str(metadata.get("uid") or f"{metadata.get('namespace')}/{metadata.get('name')}")


def refusal_in(member: str, asked: str, status: int, data: bytes, retry_after: str = "", *, why: str = "") -> ApiError:
    """The error in an answer that is not 2xx: Kubernetes' Status, or else the last line of a text.

    `asked` is method and path; `retry_after` the header of that name, in seconds; `why` is what is known beyond it.
    """
    try:
        body = json.loads(data)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        # A page of HTML is a proxy's and says nothing; a health endpoint's list says most in its last line.
        lines = [] if data.lstrip().startswith(b"<") else data.decode(errors="replace").strip().splitlines()
        body = {"message": lines[-1] if lines else "no Kubernetes status"}
    if why:
        body = {**body, "message": f"{body.get('message') or 'refused'}: {why}"}
    return read_status(member, asked, status, body, retry_after=float(retry_after) if retry_after.isdecimal() else None)
