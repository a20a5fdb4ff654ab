"""The same record, however it was shipped, searched out or paged: one row, always the same."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kit.case import create_case
from kit.load import load

RECORD = (Path(__file__).parent / "aws_bedrock/sample-bodies.jsonl").read_text().splitlines()[0]
VALUE: dict[str, Any] = json.loads(RECORD)
EVENT = {"id": "1", "timestamp": 1772442000000, "message": RECORD}
STREAM = {
    "messageType": "DATA_MESSAGE",
    "owner": "2",
    "logGroup": "g",
    "logStream": "s",
    "subscriptionFilters": ["f"],
}
HIT = {"_index": "logs", "_id": "1", "_score": 1.0, "_source": VALUE}
SEARCH = {"took": 1, "timed_out": False, "_shards": {"total": 1}, "hits": {"total": {"value": 1}, "hits": [HIT]}}
FILEBEAT = {
    "@timestamp": "2026-03-02T09:00:00Z",
    "message": RECORD,
    "agent": {"type": "filebeat"},
    "log": {"file": "x"},
}
SPLUNK = {"_raw": RECORD, "_time": "2026-03-02T09:00:00.000+00:00", "host": "h", "index": "i", "source": "s"}
INSIGHTS = [{"field": "@timestamp", "value": "2026-03-02 09:00:00.000"}, {"field": "@message", "value": RECORD}]


def as_csv(row: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row))
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue()


ENVELOPES: dict[str, Any] = {
    "array": [VALUE],
    "event hub": {"records": [VALUE]},
    "CloudWatch subscription": {**STREAM, "logEvents": [EVENT]},
    "CloudWatch filter-log-events": {"events": [{**EVENT, "logStreamName": "s", "eventId": "3"}], "nextToken": "x"},
    "CloudWatch Insights rows": [{"@timestamp": "2026-03-02 09:00:00.000", "@message": VALUE, "@logStream": "s"}],
    "CloudWatch Insights answer": {
        "results": [INSIGHTS],
        "statistics": {"recordsMatched": 1.0},
        "status": "Complete",
    },
    "CloudWatch Insights table": as_csv({"@timestamp": "2026-03-02 09:00:00.000", "@message": RECORD, "@log": "g"}),
    "CloudWatch export task": f"2026-03-02T09:00:00.000Z {RECORD}\n",
    "container log": f"2026-03-02T09:00:00.123456789Z stdout F {RECORD}\n",
    "search answer": SEARCH,
    "search hit": HIT,
    "log shipper": FILEBEAT,
    "Splunk": {"preview": False, "offset": 0, "lastrow": True, "result": SPLUNK},
    "table": {"tables": [{"name": "T", "columns": [{"name": k} for k in VALUE], "rows": [list(VALUE.values())]}]},
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_record_in_any_envelope_is_the_row_it_is_alone(name: str, tmp_path: Path) -> None:
    envelope = ENVELOPES[name]
    text = envelope if isinstance(envelope, str) else json.dumps(envelope)
    parts = []
    for label, content in (("alone", RECORD), ("wrapped", text)):
        file = tmp_path / f"{label}.gz"
        file.write_bytes(gzip.compress(content.encode()))
        case = create_case(tmp_path / label)
        (one,) = load(case, [file])
        assert (one.format, one.lines, one.loaded) == ("aws_bedrock", 1, 1)
        parts.append(pl.read_parquet(next((case / "requests").glob("*.parquet"))).drop("source_id"))
    assert parts[0].equals(parts[1])
