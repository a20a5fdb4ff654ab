"""API keys and tokens are never kept in clear: a keyed hash stands in, the same for the same key in one case."""

from __future__ import annotations

import hashlib
import hmac
import re

# Finds the few texts worth a look, in DuckDB (RE2) and in Polars (Rust). It fits whatever _SECRET fits, in a value
# and in the JSON or CSV text that holds the value, where an escape such as \u002d may stand for a character.
SCREEN = "|".join(
    (
        r"sk-[A-Za-z0-9_-]{16}",
        r"(?:sk|rk|pk|whsec)_(?:live|test)_[A-Za-z0-9]{12}",
        r"(?:AKIA|ASIA)[0-9A-Z]{16}",
        r"AIza[0-9A-Za-z_-]{30}",
        r"gh[pousr]_[A-Za-z0-9]{30}",
        r"github_pat_[A-Za-z0-9_]{30}",
        r"glpat-[A-Za-z0-9_-]{16}",
        r"xox[abeprs]-[A-Za-z0-9-]{10}",
        r"(?:hf|gsk|nvapi|xai|pplx|r8|fw|tgp_v1)[_-][A-Za-z0-9_-]{24}",
        r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8}",
        r"[Bb]earer",
        r"PRIVATE KEY-----",
        r"\\u00[2-7]",
    )
)
# A key begins where no word goes on; an escape that was left in the text (\n, \u0022, %20) is no part of a word.
_BEGINS = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt])|(?<=\\u00[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2}))"
_SECRET = re.compile(
    _BEGINS
    + "(?:"
    + "|".join(
        (
            r"sk-[A-Za-z0-9_-]{16,}",
            r"(?:sk|rk|pk|whsec)_(?:live|test)_[A-Za-z0-9]{12,}",
            r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9_])",
            r"AIza[0-9A-Za-z_-]{30,}",
            r"gh[pousr]_[A-Za-z0-9]{30,}",
            r"github_pat_[A-Za-z0-9_]{30,}",
            r"glpat-[A-Za-z0-9_-]{16,}",
            r"xox[abeprs]-[A-Za-z0-9-]{10,}",
            r"(?:hf|gsk|nvapi|xai|pplx|r8|fw|tgp_v1)[_-][A-Za-z0-9_-]{24,}",
            r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
            r"[Bb]earer\s+[A-Za-z0-9._~+/-]{16,}=*",
        )
    )
    + r")|-----BEGIN [A-Z ]*PRIVATE KEY-----[A-Za-z0-9+/=\s\\]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
)


def mask_secrets(text: str, key: bytes) -> str:
    """`text` with everything that looks like an API key or token replaced by `key_` and a keyed hash of it."""

    def masked(match: re.Match[str]) -> str:
        found = match.group()
        if found.startswith("sk-") and not any(c.isdigit() for c in found):
            return found  # words joined by dashes
        bare = re.sub(r"^[Bb]earer\s+", "", found)
        return "key_" + hmac.new(key, bare.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:24]

    return _SECRET.sub(masked, text)
