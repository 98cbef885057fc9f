"""Functions that case files name: filters and scorers as a user writes them."""


def in_europe(cluster, request):
    """A filter: True, or why not."""
    return cluster.labels.get("region") == "eu" or f"{request.name} stays in Europe, not in {cluster.labels['region']}"


def labelled(cluster, request):
    """A filter that asks for any label."""
    return bool(cluster.labels) or "it has no label"


def fewest_bookings(cluster, request):
    """A scorer: −100..100."""
    return 50 if cluster.name.startswith("us") else 0.5


def more_than_a_hundred(cluster, request):
    """A scorer that breaks the rule on one cluster."""
    return 101 if cluster.name == "a" else 10
