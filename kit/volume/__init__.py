"""How much, when, by whom: volume analyses of a case. Each takes accounts=, cluster= or means all."""

from kit.volume.series import anomalies, events, gaps, hour_of_week, requests
from kit.volume.sets import acting_together, extraction, extraction_by_capability, plan_value, profiles, synchrony
from kit.volume.studies import ban_replacement, failover, ramp, release_pivot, uptake
from kit.volume.tables import build

__all__ = [
    "acting_together",
    "anomalies",
    "ban_replacement",
    "build",
    "events",
    "extraction",
    "extraction_by_capability",
    "failover",
    "gaps",
    "hour_of_week",
    "plan_value",
    "profiles",
    "ramp",
    "release_pivot",
    "requests",
    "synchrony",
    "uptake",
]
