"""The scheduler: one pure function from a snapshot, requests and the past to a plan, with the whole trail of why."""

from kubefleet.scheduling.options import NormalizeOver, Options
from kubefleet.scheduling.room import Domain, Places, Room
from kubefleet.scheduling.schedule import schedule, schedule_and_ask

__all__ = ["Domain", "NormalizeOver", "Options", "Places", "Room", "schedule", "schedule_and_ask"]
