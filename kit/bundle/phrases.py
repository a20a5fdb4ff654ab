"""How numbers, times and names are put into words, the same in every part of the summary."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from kit.findings import LIKELIHOOD
from kit.yaml_text import read_yaml


@cache
def wording() -> dict[str, Any]:
    """The fixed words of the summary and the certificates, kept in wording.yaml for those who review them."""
    file = resources.files("kit") / "bundle" / "wording.yaml"
    said: dict[str, Any] = read_yaml(file.read_text(encoding="utf-8"), file.name)
    return said


def day(at: str | None) -> str:
    """The date of an ISO 8601 time, or what to say when there is none."""
    return at[:10] if at else "an unknown day"


def moment(at: str | None) -> str:
    """An ISO 8601 time to the second, or the day where a profile keeps no more."""
    if not at:
        return "an unknown time"
    return at[:10] if at.endswith("T00:00:00Z") else at[:19].replace("T", " ")


def count(number: int | None) -> str:
    """A number, or what to say where a profile leaves it out."""
    return "fewer than ten" if number is None else f"{number:,}"


def total(clusters: list[dict[str, Any]], key: str) -> str:
    """The sum of a number over groups, or what to say where a profile leaves all of them out."""
    known = [c[key] for c in clusters if c[key] is not None]
    return count(sum(known) if known else None)


def earliest(clusters: list[dict[str, Any]]) -> str | None:
    return min((c["first_at"] for c in clusters if c["first_at"]), default=None)


def latest(clusters: list[dict[str, Any]]) -> str | None:
    return max((c["last_at"] for c in clusters if c["last_at"]), default=None)


def holding(cluster: dict[str, Any]) -> int:
    """How many of the five families of evidence hold for a group."""
    return sum(bool(e.get("holds")) for e in cluster["families"].values())


def number(n: int) -> str:
    """A count in words up to ten, as it may begin a sentence."""
    small = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return small[n] if n < len(small) else f"{n:,}"


def chance(p: float | None) -> str:
    """A p value as a reader can use it: nobody knows a model of chance to the 98th place."""
    if p is None:
        return "–"
    return "below 0.000001" if p < 1e-6 else f"{p:.2g}"


def group(cluster: dict[str, Any]) -> str:
    """What a group is called in headings and sentences."""
    name = str(cluster["cluster_id"])
    return name.capitalize() if name.startswith("group") else f"Group {name}"


def band(term: str) -> str:
    low, high = LIKELIHOOD[term]
    return f"{low} to {high}%"


def joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def against(c: dict[str, Any], found: list[dict[str, Any]]) -> str:
    """What speaks against a proposed group: families, explanations, reviewers, findings; or that nothing does."""
    fallen = [f for f, e in c["families"].items() if e.get("holds") is False]
    still_open = [f"{a['explanation']} ({a['outcome']})" for a in c["alternatives"] if a["outcome"] != "ruled out"]
    doubting = [f"{r['by']} ({r['verdict']})" for r in c.get("reviews") or [] if r["verdict"] != "accept"]
    noted = [f["slug"] for f in found if f.get("contradicts") and f.get("cluster_id") in (None, c["cluster_id"])]
    parts = [
        *([f"families that do not hold: {joined(fallen)}"] if fallen else []),
        *([f"explanations not ruled out: {'; '.join(still_open)}"] if still_open else []),
        *([f"reviewers who do not accept it: {joined(doubting)}"] if doubting else []),
        *([f"what is set out with the finding {joined(noted)}"] if noted else []),
    ]
    tested = len(c["alternatives"]) - len(still_open)
    ruled_out = f"{number(tested)} harmless explanations were tested and ruled out" if tested else ""
    said = "; ".join(parts) or ("nothing that was tested or recorded" if tested else "not part of this profile")
    return _sentences(said, ruled_out)


def _sentences(*said: str) -> str:
    return " ".join(f"{s[0].upper()}{s[1:]}." for s in said if s)


def received_sentence(cover: dict[str, Any]) -> str:
    n = len(cover["exports"])
    files = f"{n} export{'s' if n != 1 else ''}" if n else "The exports"
    lines = (
        f" of {cover['lines']:,} records ({cover['loaded']:,} read, {cover['rejected']:,} rejected, "
        f"{cover['blank']:,} blank)"
        if cover.get("lines") is not None
        else ""
    )
    repeated = (
        f"; {count(cover['duplicates'])} repeated rows are marked and not counted" if cover["duplicates"] else ""
    )
    return (
        f"{files}{lines}, holding {count(cover['requests'])} requests by {count(cover['accounts'])} accounts from "
        f"{day(cover['first_at'])} to {day(cover['last_at'])}{repeated}."
    )
