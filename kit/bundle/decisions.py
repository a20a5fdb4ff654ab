"""What reviewers' decisions do to the groups in evidence.json: reject, split, merge.

What takes a name out of a proposal counts as soon as one reviewer says so; what adds names, only when no other
reviewer says otherwise. The tables of the case stay as the kit found them.
"""

from __future__ import annotations

from typing import Any

Decided = dict[str, list[dict[str, Any]]]
COUNTED = ("exchanges", "requests_total", "input_tokens", "output_tokens")


def applied(groups: list[dict[str, Any]], decided: Decided) -> list[dict[str, Any]]:
    """The groups as they stand after review, each with `reviews` and `reviewers_differ`.

    `groups` are entries of evidence.json with their `members` rows. Rejected: no longer proposed. Split: the
    accounts named become a group of their own, not proposed, since its evidence was not measured. Merged: the other
    group has the members of both, and this one is no longer proposed.
    """
    stand = {g["cluster_id"]: g for g in groups}
    apart = []
    for name, group in stand.items():
        verdicts = decided.get(name, [])
        group["reviews"] = verdicts
        group["reviewers_differ"] = len({v["verdict"] for v in verdicts}) > 1
        if against := [v for v in verdicts if v["verdict"] == "reject"]:
            _not_proposed(group, "Rejected in review", against)
        if splits := [v for v in verdicts if v["verdict"] == "split"]:
            apart.append(_split(group, splits))
    for name, group in stand.items():
        merges = [v for v in decided.get(name, []) if v["verdict"] == "merge"]
        whole = stand.get(merges[0]["into"]) if merges else None
        said = {(v["verdict"], v.get("into")) for v in decided.get(name, [])}
        if whole is not None and len(said) == 1:
            _recount(whole, _unique(whole["members"] + group["members"]))
            whole["reason"] += f" With {name} merged into it in review ({_said(merges)})."
            _not_proposed(group, f"Merged into {whole['cluster_id']} in review", merges)
    return [*stand.values(), *apart]


def _split(group: dict[str, Any], splits: list[dict[str, Any]]) -> dict[str, Any]:
    """Take the accounts named by any reviewer out of the group; what was taken out, as a group of its own."""
    named = {a for v in splits for a in v.get("accounts") or []}
    taken = [m for m in group["members"] if m.get("account_id") in named]
    rest = {k: type(v)() for k, v in group.items() if isinstance(v, (dict, list))}
    own = {**group, **rest, "cluster_id": f"{group['cluster_id']}-apart", "stability": None, "reviews": splits}
    own |= {
        "proposed": False,
        "reason": f"Split off in review ({_said(splits)}); the rest is {group['cluster_id']}.",
    }
    _recount(own, taken)
    _recount(group, [m for m in group["members"] if m not in taken])
    group["reason"] += f" {len(taken)} accounts were split off in review ({_said(splits)})."
    if strangers := sorted(named - {m["account_id"] for m in taken}):
        group["reason"] += f" Named for the split but not in the group: {', '.join(strangers)}."
    return own


def _recount(group: dict[str, Any], members: list[dict[str, Any]]) -> None:
    """Give the group these members, and the sums over them; times and evidence stay those that were measured."""
    group["members"] = members
    group["account_count"] = len(members)
    group |= {c: sum(int(m.get(c) or 0) for m in members) for c in COUNTED}


def _not_proposed(group: dict[str, Any], how: str, verdicts: list[dict[str, Any]]) -> None:
    if group["proposed"]:
        group["proposed"] = False
        group["reason"] = f"{how} ({_said(verdicts)}). The kit: {group['reason']}"


def _said(verdicts: list[dict[str, Any]]) -> str:
    return "; ".join(f"{v['by']}, {v['at'][:10]}: {v['reason']}" for v in verdicts)


def _unique(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({m["account_id"]: m for m in members}.values())
