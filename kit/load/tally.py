"""What became of the lines of one export, and the lines that could not be read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from kit.formats.secrets import mask_secrets
from kit.result import visible

KEPT_REJECTS = 100_000


@dataclass
class Tally:
    """Counts of one export; lines = loaded + rejected + blank.

    rows     rows in the table of the export's kind
    failed   column -> values that were there but could not be read as its type
    rejects  (line, reason, excerpt), at most 100,000 of them
    """

    key: bytes
    loaded: int = 0
    rejected: int = 0
    blank: int = 0
    rows: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    rejects: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return self.loaded + self.rejected + self.blank

    def reject(self, line: int, reason: str, text: str) -> None:
        """Count a line that cannot be read, and keep its beginning."""
        self.rejected += 1
        if len(self.rejects) < KEPT_REJECTS:
            self.rejects.append((line, reason, visible(mask_secrets(text, self.key)[:200])))
