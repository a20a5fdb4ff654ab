"""What is typical of an account even when it shares no template: contents, parameters, clients, hours, lengths."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from kit.prompts.compiled import compiled
from kit.prompts.corpus import Corpus
from kit.prompts.skeletons import put
from kit.prompts.tokens import I64, U32, U64, mix

SIZE = 64  # numbers in a content vector
SCALE = 1000  # a text's vector has this length; sums of whole numbers come out the same in any order
ROWS = 100  # distinct prompts of an account that are looked at


def build(con: duckdb.DuckDBPyConnection, corpus: Corpus) -> None:
    """Fill account_habits and account_signatures."""
    con.execute(SAMPLED, {"rows": ROWS})
    sampled: dict[str, Any] = con.execute(
        "SELECT account, text_id FROM habit_rows ORDER BY account, text_id"
    ).fetchnumpy()
    text_ids, place = np.unique(sampled["text_id"].astype(np.uint64), return_inverse=True)
    vectors = text_vectors(corpus, text_ids)
    account = sampled["account"].astype(np.int64)
    sums = np.zeros((int(account.max(initial=-1)) + 1, SIZE), np.int64)
    for a in range(0, len(account), 1 << 18):
        np.add.at(sums, account[a : a + (1 << 18)], vectors[place[a : a + (1 << 18)]])
    put(
        con,
        "habit_sums",
        account=np.arange(len(sums), dtype=np.uint64),
        **{f"v{k}": sums[:, k].astype(float) for k in range(SIZE)},
    )
    con.execute(HABITS.format(vector=", ".join(f"v{k}::INTEGER" for k in range(SIZE))))
    con.execute(SIGNATURES)


def text_vectors(corpus: Corpus, text_ids: U64) -> NDArray[np.int16]:
    """One vector per text: its tokens, the rarer the heavier, each thrown in a direction of its own.

    A random projection with signs from the token's hash (Achlioptas 2003), scaled to length SCALE. Only what the
    texts of this case hold is needed, no model and no word list.
    """
    texts = _texts_with(corpus.tokens, corpus.offsets)
    weight = np.rint(8 * np.log2((len(corpus) + 1) / (texts + 1)).clip(0)).astype(np.int32)  # eighths of a bit
    total = _projected(corpus.tokens, corpus.offsets, np.searchsorted(corpus.ids, text_ids), weight).astype(float)
    length = np.sqrt((total**2).sum(axis=1, keepdims=True))
    return np.asarray(np.rint(SCALE * total / np.maximum(length, 1)).astype(np.int16))


@compiled
def _texts_with(tokens: U32, offsets: I64) -> NDArray[np.int32]:
    """How many texts hold a token, by the upper 24 bits of its hash."""
    out, last = np.zeros(1 << 24, np.int32), np.full(1 << 24, -1, np.int32)
    for text in range(len(offsets) - 1):
        for token in tokens[offsets[text] : offsets[text + 1]]:
            slot = token >> np.uint32(8)
            if last[slot] != text:
                last[slot] = text
                out[slot] += 1
    return out


@compiled
def _projected(tokens: U32, offsets: I64, rows: I64, weight: NDArray[np.int32]) -> NDArray[np.int32]:
    out = np.zeros((len(rows), SIZE), np.int32)
    for i in range(len(rows)):
        for token in tokens[offsets[rows[i]] : offsets[rows[i] + 1]]:
            signs, w = mix(np.uint64(token)), weight[token >> np.uint32(8)]
            for k in range(SIZE):
                out[i, k] += w if (signs >> np.uint64(k)) & np.uint64(1) else -w
    return out


SAMPLED = """
CREATE OR REPLACE TEMP TABLE habit_rows AS
WITH one AS (SELECT DISTINCT r.account_id, a.text_id FROM asked a
  JOIN requests r ON r.source_id = a.source_id AND r.line = a.line
  WHERE a.part = 'prompt' AND r.account_id IS NOT NULL),
number AS (SELECT account_id, row_number() OVER (ORDER BY account_id) - 1 AS account
  FROM (SELECT DISTINCT account_id FROM one))
SELECT n.account, o.account_id, o.text_id FROM one o JOIN number n USING (account_id)
QUALIFY row_number() OVER (PARTITION BY o.account_id ORDER BY o.text_id) <= $rows
"""
HABITS = """
INSERT INTO account_habits
SELECT h.account_id, p.requests, p.distinct_prompts, count(*), any_value([{vector}])
FROM habit_rows h JOIN habit_sums s USING (account)
JOIN (SELECT r.account_id, count(*) AS requests, count(DISTINCT a.text_id) AS distinct_prompts FROM asked a
  JOIN requests r ON r.source_id = a.source_id AND r.line = a.line
    WHERE a.part = 'prompt' GROUP BY r.account_id) p USING (account_id)
GROUP BY h.account_id, p.requests, p.distinct_prompts
ORDER BY h.account_id
"""
SIGNATURES = """
INSERT INTO account_signatures
WITH known AS (SELECT * FROM requests WHERE is_primary AND account_id IS NOT NULL)
SELECT account_id, 'parameters', concat_ws(' ', 'temperature=' || temperature, 'top_p=' || top_p,
  'max_tokens=' || max_tokens,
  'stream=' || stream, 'tools=' || n_tools), count(*)
FROM known WHERE coalesce(temperature::VARCHAR, top_p::VARCHAR, max_tokens::VARCHAR,
  n_tools::VARCHAR) IS NOT NULL GROUP BY ALL
UNION ALL SELECT account_id, 'client', concat_ws(' ', user_agent, ja4), count(*) FROM known
  WHERE coalesce(user_agent, ja4) IS NOT NULL GROUP BY ALL
UNION ALL SELECT account_id, 'model', request_model, count(*) FROM known
  WHERE request_model IS NOT NULL GROUP BY ALL
UNION ALL SELECT account_id, 'hour', lpad(hour(occurred_at)::VARCHAR, 2, '0'), count(*) FROM known
  WHERE occurred_at IS NOT NULL GROUP BY ALL
UNION ALL SELECT account_id, 'prompt_length', '2^' || length(bin(length(prompt_text))), count(*)
  FROM known WHERE prompt_text IS NOT NULL GROUP BY ALL
UNION ALL SELECT account_id, 'output_tokens', '2^' || length(bin(greatest(output_tokens, 0))), count(*)
  FROM known WHERE output_tokens IS NOT NULL GROUP BY ALL
ORDER BY ALL
"""
