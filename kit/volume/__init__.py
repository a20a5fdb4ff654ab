"""How much, when, by whom: volume analyses of a case. Each takes accounts=, cluster= or means all."""

from kit.volume.events import ban_replacement, failover, release_pivot
from kit.volume.profiles import build
from kit.volume.series import anomalies, gaps, requests

__all__ = ["anomalies", "ban_replacement", "build", "failover", "gaps", "release_pivot", "requests"]
