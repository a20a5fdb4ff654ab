"""Review cards: templates with examples to read and label, clusters with their evidence to accept or reject.

Every decision goes to reviews/<who>.jsonl the moment it is made, so a restart of the kernel loses nothing.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import polars as pl

from kit import reviews
from kit.case import Case
from kit.errors import KitError
from kit.result import Result, shown, visible
from kit.widgets.means import explained, means
from kit.widgets.pickers import keys_stay_here
from kit.widgets.table import headless

EXAMPLES = 12
EXAMPLE_CHARS = 1_500
FAINT = "color: var(--jp-ui-font-color2, #555); font-size: 90%"


class Deck:
    """Cards of one kind (template or cluster), gone through one after the other."""

    def __init__(self, case: Case, subject: str, listed: Result, card: Callable[[str], str]) -> None:
        self.case, self.subject, self.listed, self.card = case, subject, listed, card
        self.ids = [str(i) for i in listed.frame["id"].to_list()]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def decisions(self) -> pl.DataFrame:
        """What stands on these subjects: subject, id, by, verdict, reason, at."""
        return reviews.current(self.case).filter(
            (pl.col("subject") == self.subject) & pl.col("id").is_in(self.ids or [""])
        )

    def decide(self, id: str, verdict: str, reason: str, **more: Any) -> None:
        """Record a verdict, as the buttons do."""
        if self.subject == "template":
            reviews.label(self.case, id, verdict, reason=reason)
        else:
            reviews.dispose(self.case, id, verdict, reason=reason, **more)

    def _ipython_display_(self) -> None:
        from IPython.display import display, publish_display_data

        if headless() or not self.ids:
            still = _table(self.listed.frame, f"{len(self)} {self.subject}s to review") + self.standing()
            publish_display_data({"text/html": still, "text/plain": repr(self)})  # type: ignore[no-untyped-call]
            return
        display(_deck_widget(self))  # type: ignore[no-untyped-call]

    def standing(self, id: str = "") -> str:
        """The verdicts so far, as a table; where reviewers differ it says so."""
        rows = self.decisions.filter(pl.col("id") == id) if id else self.decisions
        if rows.is_empty():
            return "<p>No verdict yet.</p>"
        differ = rows.group_by("id").agg(pl.col("verdict").n_unique() > 1).filter(pl.col("verdict"))
        note = f"<p><strong>Reviewers differ on {len(differ)}.</strong></p>" if len(differ) else ""
        return _table(rows.select("id", "by", "verdict", "reason", "at"), "Verdicts so far") + note

    def __repr__(self) -> str:
        return f"{len(self)} {self.subject}s to review, {len(self.decisions)} verdicts so far"


def review_templates(case: Case, *, verdicts: tuple[str, ...] = ("harvest", "unclear"), top: int = 50) -> Deck:
    """Templates to read and label, those of most accounts and rarest text first."""
    listed = case.query("reviews/templates", verdicts=list(verdicts), top=top)

    def card(id: str) -> str:
        about = case.sql(
            "SELECT * EXCLUDE (template_id, skeleton) FROM templates WHERE template_id = $id", id=id
        ).rows()[0]
        skeleton = case.sql("SELECT skeleton FROM templates WHERE template_id = $id", id=id).scalar()
        texts = examples(case, id)
        folded = "".join(
            f"<details{' open' if i == 1 else ''}><summary>Example {i} of {len(texts)}: "
            f"{html.escape(shown(' '.join(t.split()), 90))}</summary>{_block(t)}</details>"
            for i, t in enumerate(texts, 1)
        )
        head = f"<p><strong>Template {_text(id)}</strong></p>{_block(skeleton)}{_facts(about)}"
        return head + folded + explained(about, "", _name)

    return Deck(case, "template", listed, card)


def examples(case: Case, template_id: str) -> list[str]:
    """Up to 12 texts of a template, from different accounts first; the same ones each time."""
    found = case.query("reviews/examples", id=template_id, top=EXAMPLES)
    return [str(t) for t in found["text"].to_list() if t is not None]


def review_clusters(case: Case, *, proposed_only: bool = False) -> Deck:
    """Clusters with their evidence, to accept, reject, split or merge; proposed ones first."""
    listed = case.query("reviews/clusters", proposed_only=proposed_only)

    def card(id: str) -> str:
        about = case.sql("SELECT * EXCLUDE (cluster_id) FROM clusters WHERE cluster_id = $id", id=id).rows()[0]
        families, others, claims = (case.query(f"reviews/{q}", id=id) for q in ("families", "others", "claims"))
        columns = dict.fromkeys([*about, *families.frame.columns, *others.frame.columns, *claims.frame.columns])
        return (
            f"<p><strong>Cluster {_text(id)}</strong></p>{_facts(about)}"
            f"{_table(families.frame, 'Families of evidence')}"
            f"{_table(others.frame, 'Harmless explanations tested')}{_table(claims.frame, 'What can be claimed')}"
            f"{explained(columns, '', _name)}"
        )

    return Deck(case, "cluster", listed, card)


def _deck_widget(deck: Deck) -> Any:
    import ipywidgets as w

    at = 0
    card, standing, said = w.HTML(), w.HTML(), w.HTML()
    wide = {"layout": {"width": "min(100%, 54em)"}, "style": {"description_width": "7em"}}
    reason = w.Text(description="Reason", placeholder="why, in a few words", **wide)
    apart = "for a split: ids that belong apart, with commas between"
    accounts = w.Text(description="Accounts", placeholder=apart, **wide)
    into = w.Dropdown(
        options=[("for a merge: the cluster to join", ""), *((i, i) for i in deck.ids)], description="Into", **wide
    )
    back, forward = w.Button(description="Previous"), w.Button(description="Next")
    buttons = [w.Button(description=v.capitalize()) for v in reviews.VERDICTS[deck.subject]]

    def show() -> None:
        id = deck.ids[at]
        place = f"<p>{deck.subject.capitalize()} {at + 1} of {len(deck)}</p>"
        card.value = place + deck.card(id)
        standing.value = deck.standing(id)
        back.disabled, forward.disabled = at == 0, at == len(deck) - 1

    def step(by: int) -> None:
        nonlocal at
        at = max(0, min(at + by, len(deck) - 1))
        said.value, reason.value = "", ""
        show()

    def decide(verdict: str) -> None:
        more = {}
        if deck.subject == "cluster":
            ids = [a.strip() for a in accounts.value.split(",") if a.strip()]
            more = {"accounts": ids if verdict == "split" else [], "into": into.value if verdict == "merge" else ""}
        try:
            deck.decide(deck.ids[at], verdict, reason.value, **more)
            told = f"Kept in reviews: {verdict}."
        except KitError as e:
            told = visible(str(e))
        said.value = f"<p role='status'>{html.escape(told)}</p>"
        show()

    for button, verdict in zip(buttons, reviews.VERDICTS[deck.subject], strict=True):
        button.on_click(lambda _, v=verdict: decide(v))
    back.on_click(lambda _: step(-1))
    forward.on_click(lambda _: step(1))
    show()
    extra = [accounts, into] if deck.subject == "cluster" else []
    return w.VBox(
        [w.HBox([back, forward]), card, reason, *extra, w.HBox(buttons), said, standing, keys_stay_here()]
    )


def _block(text: Any) -> str:
    """A text to read: escaped, every character shown, cut when long; it scrolls by keyboard."""
    whole = visible(str(text))
    cut = whole if len(whole) <= EXAMPLE_CHARS else whole[:EXAMPLE_CHARS] + f"… ({len(whole):,} characters)"
    style = "white-space: pre-wrap; max-height: 14em; overflow: auto; border: 1px solid #999; padding: 6px"
    return f"<pre tabindex='0' style='{style}'>{html.escape(cut)}</pre>"


def _facts(row: dict[str, Any]) -> str:
    """What is known of a subject, a name and a value each, as many beside each other as the page is wide."""
    said = {k: v for k, v in row.items() if v not in (None, "", [])}
    names = {k: f"<div style='{FAINT}'>{_text(_name(k))}</div>" for k in said}
    pairs = "".join(f"<div title='{html.escape(means(k, ''))}'>{names[k]}{_text(v)}</div>" for k, v in said.items())
    style = "display: flex; flex-wrap: wrap; gap: 6px 24px; line-height: 1.4; margin: 8px 0"
    return f"<div style='{style}'>{pairs}</div>"


def _name(column: str) -> str:
    """A column as a card says it."""
    return column.replace("_", " ").capitalize()


def _table(frame: pl.DataFrame, caption: str) -> str:
    cell = "text-align: left; vertical-align: top; padding: 3px 10px 3px 0; border-top: 1px solid #9994"
    head = "".join(f"<th scope='col' style='{cell}'>{_text(c.replace('_', ' '))}</th>" for c in frame.columns)
    sides = [f"{cell}; white-space: nowrap" if t.is_numeric() else cell for t in frame.dtypes]
    body = "".join(
        "<tr>" + "".join(f"<td style='{s}'>{_text(v)}</td>" for v, s in zip(row, sides, strict=True)) + "</tr>"
        for row in frame.rows()
    )
    told = f"<caption style='text-align: left; font-weight: bold; padding: 4px 0'>{_text(caption)}</caption>"
    style = "line-height: 1.4; border-collapse: collapse; margin: 12px 0"
    return f"<table style='{style}'>{told}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(value: Any) -> str:
    return html.escape(shown(value, 300))
