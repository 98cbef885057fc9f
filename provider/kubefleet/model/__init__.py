"""Frozen values that every other package speaks in. Pure: no clock, no client, no environment."""
