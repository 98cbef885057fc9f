"""How many fleets every property is tried on, and always the same ones, so that one commit always gives one answer.

Without a word a few, since that comes before every commit; in CI 500 (`make properties`). Before a change to scheduling
is done, many new ones: `pytest tests/properties --hypothesis-profile deep`.
"""

from hypothesis import HealthCheck, settings

_SLOW_TO_DRAW = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile("few", max_examples=60, derandomize=True, deadline=None, suppress_health_check=_SLOW_TO_DRAW)
settings.register_profile("ci", settings.get_profile("few"), max_examples=500)
settings.register_profile("deep", max_examples=3000, deadline=None, suppress_health_check=_SLOW_TO_DRAW)
settings.load_profile("few")
