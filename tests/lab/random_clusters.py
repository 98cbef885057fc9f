"""Random small clusters with pods on them, and a pod template to fill them up with: made from a seed, nothing else."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

Raw = dict[str, Any]
ZONE, HOST, RACK = "topology.kubernetes.io/zone", "kubernetes.io/hostname", "example.com/rack"
GPU = "nvidia.com/gpu"
RUNTIME_CLASS = "sandboxed"
OVERHEAD = {"cpu": "250m", "memory": "128Mi"}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_APPS = ("web", "db", "cache")


@dataclass(frozen=True)
class RandomCluster:
    """`pods` are there before, with the namespace and node of each; `replicas` more of the template are scheduled
    before the estimate. `quota` and `limits` are the specs of a ResourceQuota and a LimitRange in its namespace.
    """

    namespace: str
    nodes: list[Raw]
    pods: list[Raw]
    template: Raw
    replicas: int
    quota: Raw | None = None
    limits: Raw | None = None
    traits: frozenset[str] = field(default_factory=frozenset)


def random_cluster(seed: int) -> RandomCluster:
    """The cluster of that number."""
    return _Maker(seed).cluster()


class _Maker:
    def __init__(self, seed: int) -> None:
        self.seed, self.random = seed, Random(seed)
        self.namespace, self.other = f"work-{seed}", f"other-{seed}"
        self.traits = set[str]()

    def cluster(self) -> RandomCluster:
        nodes = [self._node(number) for number in range(self.random.randint(3, 12))]
        template = self._template()
        pods = self._pods(nodes) if self._chance(0.75, "standing") else []
        limits = self._limits()
        quota = self._quota(limited=limits is not None)
        replicas = self.random.randint(1, 3) if self._chance(0.35, "scale-up") else 0
        return RandomCluster(self.namespace, nodes, pods, template, replicas, quota, limits, frozenset(self.traits))

    def _chance(self, probability: float, trait: str = "") -> bool:
        happens = self.random.random() < probability
        if happens and trait:
            self.traits.add(trait)
        return happens

    def _node(self, number: int) -> Raw:
        name = f"n{self.seed}-{number}"
        labels = {HOST: name, "disk": self.random.choice(("ssd", "ssd", "hdd")), "gen": str(self.random.randint(1, 5))}
        if self._chance(0.9):
            labels[ZONE] = self.random.choice("abc")
        if self._chance(0.5):
            labels[RACK] = self.random.choice(("r1", "r2", "r3"))
        amounts = {
            "cpu": str(self.random.choice((2, 3, 4, 6))),
            "memory": f"{self.random.choice((4, 6, 8, 12))}Gi",
            "pods": str(self.random.choice((4, 6, 9, 20))),
        }
        taints = []
        if self._chance(0.4):
            amounts[GPU] = str(self.random.choice((1, 2, 4)))
            taints.append({"key": GPU, "effect": "NoSchedule"})
        if self._chance(0.15):
            taints.append({"key": "dedicated", "value": self.random.choice(("ml", "batch")), "effect": "NoExecute"})
        if self._chance(0.15):
            taints.append({"key": "soft", "effect": "PreferNoSchedule"})
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels},
            "spec": {"taints": taints, "unschedulable": self._chance(0.08)},
            "status": {
                "allocatable": amounts,
                "capacity": amounts,
                "conditions": [{"type": "Ready", "status": "True", "reason": "Played"}],
            },
        }

    def _resources(self, *, gpu: bool = False) -> Raw:
        requests: Raw = {}
        if self.random.random() < 0.85:
            requests["cpu"] = self.random.choice(("100m", "250m", "500m", "1"))
        if self.random.random() < 0.7:
            requests["memory"] = self.random.choice(("256Mi", "512Mi", "1Gi"))
        limits: Raw = {}
        if self.random.random() < 0.3:
            limits = {"cpu": "1500m", "memory": "1536Mi"}
        if gpu:
            limits[GPU] = "1"
        return {key: amounts for key, amounts in (("requests", requests), ("limits", limits)) if amounts}

    def _template(self) -> Raw:
        gpu = self._chance(0.2, "gpu")
        spec: Raw = {"containers": [{"name": "main", "image": "main:1", "resources": self._resources(gpu=gpu)}]}
        if self._chance(0.2):
            spec["containers"].append({"name": "side", "image": "side:1", "resources": self._resources()})
        init = []
        if self._chance(0.25, "init container"):
            init.append({"name": "first", "image": "i:1", "resources": {"requests": {"cpu": "700m"}}})
        if self._chance(0.25, "sidecar"):
            sidecar = {"name": "mesh", "image": "m:1", "restartPolicy": "Always"}
            init.insert(self.random.randint(0, len(init)), {**sidecar, "resources": {"requests": {"cpu": "150m"}}})
        if init:
            spec["initContainers"] = init
        if self._chance(0.2, "overhead"):
            spec["runtimeClassName"] = RUNTIME_CLASS
        if self._chance(0.1, "pod-level resources"):
            spec["resources"] = {"requests": {"cpu": "2900m"}, "limits": {"cpu": "6", "memory": "8Gi"}}
        tolerations = []
        if gpu or self._chance(0.2):
            tolerations.append({"key": GPU, "operator": "Exists", "effect": "NoSchedule"})
        if self._chance(0.4, "toleration"):
            tolerations.append({"key": "dedicated", "operator": "Equal", "value": "ml"})
        spec["tolerations"] = tolerations
        if self._chance(0.15, "node selector"):
            spec["nodeSelector"] = {"disk": "ssd"}
        affinity = self._affinity()
        if affinity:
            spec["affinity"] = affinity
        if self._chance(0.4, "topology spread"):
            spec["topologySpreadConstraints"] = self._spread()
        if self._chance(0.1, "host port"):
            port = {"containerPort": 80, "hostPort": 8080}
            spec["containers"][0]["ports"] = [port]
        return {"metadata": {"labels": {"app": "web", "tier": "front"}}, "spec": spec}

    def _affinity(self) -> Raw:
        affinity: Raw = {}
        if self._chance(0.25, "node affinity"):
            terms = [self._node_term() for _ in range(self.random.randint(1, 2))]
            affinity["nodeAffinity"] = {REQUIRED: {"nodeSelectorTerms": terms}}
        if self._chance(0.4, "anti-affinity"):
            about = self.random.choice(("web", "web", "db"))
            affinity["podAntiAffinity"] = {REQUIRED: [self._term(about, self.random.choice((HOST, HOST, ZONE, RACK)))]}
        if self._chance(0.2, "affinity"):
            about = self.random.choice(("db", "cache", "web", "web"))
            affinity["podAffinity"] = {REQUIRED: [self._term(about, self.random.choice((HOST, ZONE, ZONE, RACK)))]}
        return affinity

    def _node_term(self) -> Raw:
        expression = self.random.choice(
            (
                {"key": "gen", "operator": "Gt", "values": ["2"]},
                {"key": "gen", "operator": "Lt", "values": ["5"]},
                {"key": ZONE, "operator": "In", "values": ["a", "b"]},
                {"key": ZONE, "operator": "NotIn", "values": ["c"]},
                {"key": RACK, "operator": "Exists"},
                {"key": RACK, "operator": "DoesNotExist"},
                {"key": HOST, "operator": "NotIn", "values": [f"n{self.seed}-0"]},
            )
        )
        if self.random.random() < 0.15:
            name = f"n{self.seed}-{self.random.randint(0, 2)}"
            return {"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": [name]}]}
        return {"matchExpressions": [expression]}

    def _term(self, app: str, key: str) -> Raw:
        term: Raw = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}
        way = self.random.random()
        if way < 0.1:
            term["namespaces"] = [self.namespace, self.other]
        elif way < 0.2:
            term["namespaceSelector"] = {"matchLabels": {"kind": "other"}}
        elif way < 0.25:
            term["namespaceSelector"] = {}
        elif way < 0.3:
            term["labelSelector"] = {"matchExpressions": [{"key": "app", "operator": "In", "values": [app]}]}
            term["matchLabelKeys"] = ["tier"]
        return term

    def _spread(self) -> list[Raw]:
        def constraint(key: str) -> Raw:
            found: Raw = {
                "topologyKey": key,
                "maxSkew": self.random.choice((1, 1, 2)),
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "web"}},
            }
            if self.random.random() < 0.2:
                found["minDomains"] = self.random.randint(2, 5)
            if self.random.random() < 0.2:
                found["nodeAffinityPolicy"] = "Ignore"
            if self.random.random() < 0.3:
                found["nodeTaintsPolicy"] = "Honor"
            if self.random.random() < 0.1:
                found["labelSelector"] = {"matchLabels": {"app": "db"}}
            if self.random.random() < 0.1:
                found["matchLabelKeys"] = ["tier"]
            return found

        keys = [self.random.choice((ZONE, ZONE, HOST, RACK))]
        if self._chance(0.25, "two spreads"):
            keys = [ZONE, HOST]
        return [constraint(key) for key in keys]

    def _pods(self, nodes: list[Raw]) -> list[Raw]:
        return [self._pod(number, self.random.choice(nodes)) for number in range(self.random.randint(2, 14))]

    def _pod(self, number: int, node: Raw) -> Raw:
        app = self.random.choice(_APPS)
        namespace = self.other if self.random.random() < 0.2 else self.namespace
        labels = {"app": app} | ({"tier": "front"} if self.random.random() < 0.5 else {})
        container: Raw = {"name": "main", "image": "main:1", "resources": self._resources()}
        if self.random.random() < 0.1:
            port = self.random.choice((8080, 9090))
            protocol = self.random.choice(("TCP", "UDP"))
            container["ports"] = [{"containerPort": 80, "hostPort": port, "protocol": protocol}]
        spec: Raw = {"nodeName": node["metadata"]["name"], "containers": [container]}
        if self.random.random() < 0.05:
            self.traits.add("repelled")
            term = self._term("web", self.random.choice((HOST, HOST, ZONE)))
            spec["affinity"] = {"podAntiAffinity": {REQUIRED: [term]}}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"there-{number}", "namespace": namespace, "labels": labels},
            "spec": spec,
        }

    def _quota(self, *, limited: bool) -> Raw | None:
        if not self._chance(0.25, "quota"):
            return None
        choices: tuple[Raw, ...] = (
            {"hard": {"requests.cpu": "8"}},
            {"hard": {"pods": str(self.random.randint(5, 20))}},
            {"hard": {"limits.memory": "24Gi"}} if limited else {"hard": {"requests.memory": "12Gi"}},
            {"hard": {"count/pods": "18", "memory": "16Gi"}},
            {"hard": {"pods": "16"}, "scopes": ["NotBestEffort"]},
            {"hard": {f"requests.{GPU}": "3"}},
        )
        return self.random.choice(choices)

    def _limits(self) -> Raw | None:
        if not self._chance(0.25, "limit range"):
            return None
        item: Raw = {"type": "Container", "default": {"cpu": "1", "memory": "1Gi"}, "defaultRequest": {"cpu": "200m"}}
        if self.random.random() < 0.1:
            item["max"] = {"cpu": "2", "memory": "2Gi"}
        if self.random.random() < 0.1:
            item["min"] = {"cpu": "200m"}
        return {"limits": [item]}
