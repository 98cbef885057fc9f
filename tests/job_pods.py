"""What the pods of a job see of their index, as kubelet resolves it from each pod's spec, labels and annotations."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any


def environment(pod: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, str]:
    """Of its one container; the file that is mounted counts as `FILE`."""
    (container,) = pod["spec"]["containers"]
    found = {}
    for item in container["env"]:
        if "value" in item or "valueFrom" not in item:
            found[item["name"]] = item.get("value", "")
            continue
        kind, _, key = item["valueFrom"]["fieldRef"]["fieldPath"].removeprefix("metadata.").partition("['")
        found[item["name"]] = pod["metadata"][kind].get(key.removesuffix("']"), "")
    if "FLEET_LOCAL_INDEX" in found:
        found["FILE"] = files[found["FLEET_LOCAL_INDEX"]]
    return found


def indexes_seen(pods: Iterable[Mapping[str, Any]]) -> Counter[int]:
    """How many pods that have succeeded saw each index in `JOB_COMPLETION_INDEX`."""
    done = (pod for pod in pods if pod["status"]["phase"] == "Succeeded")
    return Counter(int(environment(pod, {})["JOB_COMPLETION_INDEX"]) for pod in done)
