"""How much, when, by whom: volume analyses of a case. Each returns a Result and takes accounts=, cluster= or all."""

from kit.volume.profiles import build
from kit.volume.series import anomalies, gaps, requests

__all__ = ["anomalies", "build", "gaps", "requests"]
