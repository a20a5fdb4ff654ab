"""What an investigator looks at and clicks in a notebook: tables, pickers and review cards.

Every widget can be left alone: a headless run shows the same as a still table or a line of text.
"""

from __future__ import annotations

from kit.widgets.cards import Deck, review_clusters, review_templates
from kit.widgets.ledger import recorded
from kit.widgets.pickers import Choice, Threshold, TimeWindow, pick, threshold, time_window
from kit.widgets.table import Answer

__all__ = [
    "Answer",
    "Choice",
    "Deck",
    "Threshold",
    "TimeWindow",
    "pick",
    "recorded",
    "review_clusters",
    "review_templates",
    "threshold",
    "time_window",
]
