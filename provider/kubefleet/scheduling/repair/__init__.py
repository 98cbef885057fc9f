"""Repair: exchanges among new demand that place what did not fit. It costs nothing while everything is placed."""

from kubefleet.scheduling.repair.again import repair

__all__ = ["repair"]
