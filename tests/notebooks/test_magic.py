"""%%sql in a real kernel: named results, bound parameters, plain errors, completion, interrupt."""

from __future__ import annotations

import time

import pytest
from jupyter_client.manager import start_new_kernel


@pytest.fixture(scope="module")
def kernel(small_folder):
    manager, client = start_new_kernel(extra_arguments=["--HistoryManager.enabled=False"])
    run(client, f"from kit import open_case\ncase = open_case({str(small_folder)!r})")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code):
    """Run a cell; gives the reply and every output as text by kind. A kernel drops, and says so, what comes right
    behind an error: it is sent again."""
    seen: dict[str, str] = {}

    def keep(message):
        content = message["content"]
        for kind, value in content.get("data", {}).items():
            seen[kind] = seen.get(kind, "") + str(value)
        if message["msg_type"] in ("stream", "error"):
            seen[message["msg_type"]] = seen.get(message["msg_type"], "") + str(content.get("text", content))

    reply = client.execute_interactive(code, output_hook=keep, timeout=60)["content"]
    return run(client, code) if reply["status"] == "aborted" else (reply, seen)


def test_a_named_answer_with_bound_parameters(kernel):
    _, client = kernel
    run(client, "least = 2")
    cell = (
        "%%sql busy --since 2026-05-02\nSELECT account_id, count(*) AS requests FROM requests\n"
        "WHERE occurred_at >= $since::TIMESTAMPTZ GROUP BY account_id HAVING requests >= $least ORDER BY 2 DESC, 1;"
    )
    reply, seen = run(client, cell)
    assert reply["status"] == "ok", seen
    assert "rows 1 to " in seen["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in seen
    _, seen = run(
        client,
        "again = case.sql(busy.sql, **busy.parameters)\n[busy.digest == again.digest, busy.parameters, busy.name]",
    )
    assert seen["text/plain"] == "[True, {'since': '2026-05-02', 'least': 2}, 'busy']"


def test_a_wrong_column_is_one_plain_line_with_the_nearest_names(kernel):
    _, client = kernel
    reply, seen = run(client, "%%sql x\nSELECT acount_id FROM requests")
    assert reply["status"] == "error"
    assert "did you mean account_id" in seen["text/plain"]
    assert "\n" not in seen["text/plain"]
    assert "error" not in seen
    assert "Traceback" not in str(seen)


def test_the_whole_traceback_on_request(kernel):
    _, client = kernel
    run(client, "import os; os.environ['KIT_TRACEBACK'] = '1'")
    _, seen = run(client, "%%sql x\nSELECT acount_id FROM requests")
    run(client, "del os.environ['KIT_TRACEBACK']")
    assert "Traceback" in seen["error"]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%sql x\nSELECT $lest FROM requests", "did you mean $least?"),
        ("%%sql x --a\nSELECT 1", "is not an argument with a value"),
        ("%%sql 1x\nSELECT 1", "is no name for a variable"),
        ("%%sql x --case nowhere\nSELECT 1", "no open case in the variable"),
        ("%%sql x\nDROP TABLE accounts", "one SELECT at a time"),
        ("%%sql x\nSELECT 1; SELECT 2", "one SELECT at a time"),
        ("%%sql x --b 3\nSELECT 1", "takes no parameter b"),
    ],
)
def test_what_the_user_can_mend_is_said(kernel, cell, says):
    _, client = kernel
    run(client, "least = 2")
    reply, seen = run(client, cell)
    assert reply["status"] == "error"
    assert says in seen["text/plain"], seen


def test_a_value_is_bound_never_pasted(kernel):
    _, client = kernel
    reply, seen = run(client, 'evil = "\' OR 1=1 --"\nimport kit')
    reply, seen = run(client, "%%sql none\nSELECT account_id FROM requests WHERE account_id = $evil")
    assert reply["status"] == "ok"
    assert "no rows" in seen["text/html"]


def test_interrupt_stops_a_query_within_a_second_and_the_case_answers_on(kernel):
    manager, client = kernel
    endless = (
        "%%sql big\nSELECT count(*) AS n FROM range(10000000) a(i), range(10000000) b(j) WHERE (i + j) % 7 = 3"
    )
    sent = client.execute(endless)
    time.sleep(2)
    asked = time.monotonic()
    manager.interrupt_kernel()
    while True:
        reply = client.get_shell_msg(timeout=30)
        if reply["parent_header"].get("msg_id") == sent:
            break
    took = time.monotonic() - asked
    assert reply["content"]["status"] == "error"
    assert took < 1.5
    reply, seen = run(client, "case.sql('SELECT 1 AS one').scalar()")
    assert seen.get("text/plain") == "1", seen


def test_a_cell_over_two_seconds_counts_its_seconds_and_takes_the_line_away(kernel):
    _, client = kernel
    run(client, "from kit import magic; magic.PATIENCE_S = 0.1")
    slow = "case.sql('SELECT sum(sqrt(i + j)) > 0 AS yes FROM range(12000) a(i), range(12000) b(j)').scalar()"
    for cell in (slow, "import time; time.sleep(0.5); True"):
        reply, seen = run(client, cell)
        assert reply["status"] == "ok"
        assert "Working, 0 s." in seen["text/html"]
        assert ">True" in seen["text/plain"]
    reply, seen = run(client, "True")
    run(client, "magic.PATIENCE_S = 2.0")
    assert "text/html" not in seen


def test_a_bare_frame_is_shown_as_text_that_cannot_act(kernel):
    _, client = kernel
    _, seen = run(client, "import polars as pl\npl.DataFrame({'text': ['<script>' * 2]})")
    assert "rows 1 to 1 of 1" in seen["text/html"]
    assert "<script" not in seen["text/html"]


def test_a_cell_run_before_the_one_it_needs_is_told_so_in_one_line(kernel):
    _, client = kernel
    run(client, "from kit import volume\nbusiest = 1")
    reply, seen = run(client, "busyest + 1")
    assert reply["status"] == "error"
    assert seen["text/plain"].startswith(
        "There is no busyest yet; did you mean busiest? If not, run the cells above"
    )
    assert "error" not in seen
    _, seen = run(client, "import string\nexec('nowhere', {})")
    assert "Traceback" in seen["error"]


def test_names_of_columns_and_tables_are_completed(kernel):
    _, client = kernel
    code = "%%sql x\nSELECT reasoning_t"
    content = client.complete(code, len(code), reply=True, timeout=30)["content"]
    assert "reasoning_text" in content["matches"]
    assert "reasoning_tokens" in content["matches"]
