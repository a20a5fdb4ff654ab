"""What an investigator looks at and clicks in a notebook: tables, pickers and review cards.

Every widget can be left alone: a headless run shows the same rows as a still table.
"""

from __future__ import annotations

from kit.widgets.ledger import recorded

__all__ = ["recorded"]
