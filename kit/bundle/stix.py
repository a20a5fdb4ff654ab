"""The proposed groups as a STIX 2.1 bundle: what was observed, how it is graded, template hashes, never texts."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import stix2

from kit.bundle.evidence import ATLAS, CLAIMS, SUPPORTED

CONFIDENCE = {"low": 15, "moderate": 50, "high": 85}  # the None/Low/Med/High scale of STIX 2.1, appendix A
TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"  # OASIS: TLP 2.0 for STIX 2.1
TLP_MARKINGS = {
    "TLP:CLEAR": "94868c89-83c2-464b-929b-a1a8aa3c8487",
    "TLP:GREEN": "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "TLP:AMBER": "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "TLP:AMBER+STRICT": "939a9414-2ddd-4d32-a0cd-375ea402b003",
    "TLP:RED": "e828b379-4e03-4974-9ac4-e53a884c97c1",
}
TEMPLATES = "extension-definition--0c2a4b4e-6a55-4b52-9f34-7a5d3f0b8a61"
TEMPLATES_SCHEMA = (
    "Property extension of campaign. templates: list of objects with sha256 (SHA-256 of the UTF-8 text of a "
    "prompt template whose slots are written as {...}), exchanges (integer, requests that follow it) and "
    "accounts (integer, accounts that used it). Equal templates have equal hashes; the text itself is not shared."
)
MOST_OBSERVED = 999_999_999


def bundle(evidence: dict[str, Any], templates: pl.DataFrame | None) -> str:
    """The STIX bundle as JSON text. `templates`: cluster_id, skeleton_sha256, exchanges, accounts; or None."""
    case = evidence["case"]
    at, marking = case["sealed_at"], _marking(case["tlp"])
    reporter = stix2.Identity(
        name=case.get("organisation") or "Reporting provider",
        identity_class="organization",
        sectors=["technology"],
        created=at,
        modified=at,
        object_marking_refs=[marking],
    )
    common = {"created_by_ref": reporter, "created": at, "modified": at, "object_marking_refs": [marking]}
    objects: list[Any] = []
    proposed = [c for c in evidence["clusters"] if c["proposed"]]
    patterns = _attack_patterns({t for c in proposed for t in c["techniques"]}, common)
    for cluster in proposed:
        objects += _group(cluster, patterns, _hashes(templates, cluster["cluster_id"]), common)
    if any(o.get("extensions") for o in objects):
        objects.append(_extension(common))
    objects += patterns.values()
    if not objects:
        objects = [_note("No group of accounts is proposed as one operation.", [reporter], common)]
    report = stix2.Report(
        name=f"Evidence summary, case {case['id']}",
        description=f"{len(proposed)} proposed groups of accounts, bundle {case['bundle_id']}.",
        report_types=["campaign"] if proposed else ["observed-data"],
        published=at,
        object_refs=[o["id"] for o in objects],
        **common,
    )
    made = stix2.Bundle(marking, reporter, report, *objects, allow_custom=True)
    # stix2's own pretty printing takes time in the square of the objects, and there may be thousands of accounts.
    return json.dumps(json.loads(made.serialize()), ensure_ascii=True, indent=1) + "\n"


def _group(
    cluster: dict[str, Any], patterns: dict[str, Any], templates: list[Any], common: dict[str, Any]
) -> list[Any]:
    """One proposed group: accounts, what was observed, a campaign only where claim B is supported, grades."""
    name, claims = cluster["cluster_id"], cluster["claims"]
    accounts = [
        stix2.UserAccount(user_id=a, object_marking_refs=common["object_marking_refs"]) for a in cluster["accounts"]
    ]
    out: list[Any] = list(accounts)
    about: list[Any] = list(accounts)
    if accounts and cluster["first_at"]:
        observed = stix2.ObservedData(
            first_observed=cluster["first_at"],
            last_observed=cluster["last_at"],
            number_observed=max(1, min(cluster["exchanges"], MOST_OBSERVED)),
            object_refs=[a.id for a in accounts],
            **common,
        )
        out.append(observed)
        about.append(observed)
    if (claims.get("B") or {}).get("grade") in SUPPORTED:
        campaign = _campaign(cluster, templates, common)
        uses = [stix2.Relationship(campaign, "uses", patterns[t], **common) for t in cluster["techniques"]]
        out += [campaign, *uses]
        about.append(campaign)
    out.append(
        stix2.Grouping(
            name=f"Group {name}",
            description=cluster["reason"],
            context="suspicious-activity",
            object_refs=[o["id"] for o in about] or [common["created_by_ref"]],
            **common,
        )
    )
    out.append(_note(_grades(cluster), [out[-1]], common))
    return out


def _campaign(cluster: dict[str, Any], templates: list[dict[str, Any]], common: dict[str, Any]) -> Any:
    claims = cluster["claims"]
    more: dict[str, Any] = {}
    if cluster["first_at"]:
        more |= {"first_seen": cluster["first_at"], "last_seen": cluster["last_at"]}
    if (claims.get("C") or {}).get("grade") in SUPPORTED:
        more["objective"] = "The pattern suggests harvesting of model outputs for training."
    if confidence := CONFIDENCE.get(claims["B"].get("confidence") or ""):
        more["confidence"] = confidence
    if templates:
        more["extensions"] = {TEMPLATES: {"extension_type": "property-extension", "templates": templates}}
    return stix2.Campaign(
        name=f"Operation {cluster['cluster_id']}",
        description=f"{cluster['account_count']:,} accounts, {cluster['exchanges']:,} attributed exchanges.",
        allow_custom=True,
        **more,
        **common,
    )


def _grades(cluster: dict[str, Any]) -> str:
    graded = [
        f"{letter} ({meaning}): {(cluster['claims'].get(letter) or {}).get('grade') or 'not assessed'}"
        for letter, meaning in CLAIMS.items()
    ]
    tested = [f"{a['explanation']}: {a['outcome']}" for a in cluster["alternatives"]]
    return (
        "Claims, graded one by one. " + "; ".join(graded) + (f". Tested: {'; '.join(tested)}." if tested else ".")
    )


def _attack_patterns(techniques: set[str], common: dict[str, Any]) -> dict[str, Any]:
    return {
        t: stix2.AttackPattern(
            name=ATLAS[t], external_references=[{"source_name": "mitre-atlas", "external_id": t}], **common
        )
        for t in sorted(techniques & set(ATLAS))
    }


def _note(text: str, about: list[Any], common: dict[str, Any]) -> Any:
    return stix2.Note(content=text, object_refs=[o["id"] for o in about], **common)


def _extension(common: dict[str, Any]) -> Any:
    return stix2.ExtensionDefinition(
        id=TEMPLATES,
        name="Prompt templates by hash",
        description="Names prompt templates behind a campaign by hash, without their text.",
        schema=TEMPLATES_SCHEMA,
        version="1.0.0",
        extension_types=["property-extension"],
        **common,
    )


def _hashes(templates: pl.DataFrame | None, cluster_id: str) -> list[dict[str, Any]]:
    if templates is None:
        return []
    own = templates.filter(pl.col("cluster_id") == cluster_id)
    return [
        {"sha256": r["skeleton_sha256"], "exchanges": r["exchanges"], "accounts": r["accounts"]}
        for r in own.iter_rows(named=True)
    ]


def _marking(tlp: str) -> Any:
    level = tlp.removeprefix("TLP:").lower()
    return stix2.MarkingDefinition(
        id=f"marking-definition--{TLP_MARKINGS[tlp]}",
        created="2022-10-01T00:00:00.000Z",
        name=tlp,
        extensions={TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": level}},
        allow_custom=True,
    )
