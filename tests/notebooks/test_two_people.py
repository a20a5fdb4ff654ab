"""Two people's notebooks on one case at once, and a load beside them: nobody is locked out, nothing is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from kit import findings, open_case, reviews

WORK = """
import os, time, warnings
os.environ["KIT_REVIEWER"] = {who!r}
from kit import findings, open_case, reviews
case = open_case({folder!r})
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    i = 0
    until = time.monotonic() + 100
    while i < 40 or (not seen and time.monotonic() < until):  # until the load beside it has rebuilt the case
        count = case.sql("SELECT count(*) AS n FROM requests", "all_requests")
        assert count.scalar() == 120, count.scalar()
        if i < 40:
            reviews.label(case, f"t{{i}}", "unsure", reason="by " + {who!r})
            findings.record(case, f"{who}-{{i}}", claim="The export holds 120 requests.", supports=count,
                            confidence="high", other_explanations="None needed: this counts.")
        i += 1
print("notices:", [str(w.message) for w in seen if "was rebuilt" in str(w.message)])
case = case.reopen()
print("sees:", case.sql("SELECT count(*) FROM requests").scalar())
"""


def test_two_notebooks_and_a_load_at_once_lock_nobody_out_and_lose_nothing(small_folder: Path, tmp_path: Path):
    case = Path(shutil.copytree(small_folder, tmp_path / "INC-1"))
    more = tmp_path / "more.ndjson"
    late = {"request_id": "late", "account_id": "acct_late", "occurred_at": "2026-05-20T00:00:00Z"}
    more.write_text(json.dumps(late) + "\n", encoding="utf-8")

    kernels = [start_new_kernel(extra_arguments=["--HistoryManager.enabled=False"]) for _ in range(2)]
    people = ("ada", "grace")
    sent = [
        client.execute(WORK.format(who=who, folder=str(case)))
        for who, (_, client) in zip(people, kernels, strict=True)
    ]
    loading = subprocess.run([sys.executable, "-m", "kit", "load", case, more], capture_output=True, text=True)
    said = [finish(client, message) for message, (_, client) in zip(sent, kernels, strict=True)]
    for manager, client in kernels:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    assert loading.returncode == 0, loading.stderr
    for text in said:
        assert text.count("was rebuilt since it was opened") == 1
        assert "sees: 121" in text
    after = open_case(case)
    assert reviews.history(after).group_by("by").len().sort("by").rows() == [("ada", 40), ("grace", 40)]
    assert {f["slug"] for f in findings.all(after)} == {f"{who}-{i}" for who in people for i in range(40)}
    assert findings.broken_links(findings.read_ledger(case / "findings" / "ledger.jsonl")) == []


def finish(client, message: str) -> str:
    """Wait for the end of a cell; gives what it printed. Fails with its traceback if it did not end well."""
    said = ""
    while True:
        heard = client.get_iopub_msg(timeout=120)
        if heard["parent_header"].get("msg_id") != message:
            continue
        content = heard["content"]
        said += content.get("text", "") + "\n".join(content.get("traceback", ()))
        if heard["msg_type"] == "status" and content["execution_state"] == "idle":
            assert "Traceback" not in said, said
            return said
