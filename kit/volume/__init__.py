"""How much, when, by whom: volume analyses of a case. Each takes accounts=, cluster= or means all."""

from kit.volume.events import ban_replacement, failover, release_pivot
from kit.volume.series import anomalies, gaps, requests
from kit.volume.sets import extraction, extraction_by_capability, plan_value, profiles, synchrony
from kit.volume.tables import build

__all__ = [
    "anomalies",
    "ban_replacement",
    "build",
    "extraction",
    "extraction_by_capability",
    "failover",
    "gaps",
    "plan_value",
    "profiles",
    "release_pivot",
    "requests",
    "synchrony",
]
