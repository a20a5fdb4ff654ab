"""API keys and tokens are never kept in clear: a keyed hash stands in, the same for the same key in one case."""

from __future__ import annotations

import hashlib
import hmac
import re

# Written so that both RE2 (DuckDB) and Python read them. `sk-` needs a digit, which words joined by dashes lack;
# that is checked in Python, since RE2 has no look-ahead.
PATTERN = "|".join(
    (
        r"\bsk-[A-Za-z0-9_-]{16,}",
        r"\b(?:sk|rk|pk|whsec)_(?:live|test)_[A-Za-z0-9]{12,}",
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"\bAIza[0-9A-Za-z_-]{30,}",
        r"\bgh[pousr]_[A-Za-z0-9]{30,}",
        r"\bgithub_pat_[A-Za-z0-9_]{30,}",
        r"\bglpat-[A-Za-z0-9_-]{16,}",
        r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
        r"\b(?:hf|gsk|nvapi|xai|pplx|r8|fw|tgp_v1)[_-][A-Za-z0-9_-]{24,}",
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
        r"\b[Bb]earer\s+[A-Za-z0-9._~+/-]{16,}=*",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[A-Za-z0-9+/=\s\\]*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
    )
)
_SECRET = re.compile(PATTERN)


def mask_secrets(text: str, key: bytes) -> str:
    """`text` with everything that looks like an API key or token replaced by `key_` and a keyed hash of it."""

    def masked(match: re.Match[str]) -> str:
        found = match.group()
        if found.startswith("sk-") and not any(c.isdigit() for c in found):
            return found
        bare = re.sub(r"^[Bb]earer\s+", "", found)
        return "key_" + hmac.new(key, bare.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:24]

    return _SECRET.sub(masked, text)
