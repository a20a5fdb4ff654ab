"""What is typical of an account even when it shares no template: contents, parameters, clients, hours, lengths."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from kit.compiled import compiled
from kit.prompts.corpus import Corpus
from kit.prompts.skeletons import put
from kit.prompts.tokens import I64, U32, U64, mix

SIZE = 64  # numbers in a content vector
SCALE = 1000  # a text's vector has this length; sums of whole numbers come out the same in any order
ROWS = 100  # distinct prompts of an account that are looked at
CHUNK = 1 << 16  # vectors held at a time
SHARD = 4_000_000  # prompts and system prompts gathered at a time


def build(con: duckdb.DuckDBPyConnection, corpus: Corpus) -> None:
    """Fill account_habits and account_signatures."""
    _sample(con)
    sampled: dict[str, Any] = con.execute(
        "SELECT account, text_id FROM habit_rows JOIN habit_accounts USING (account_id) ORDER BY account, text_id"
    ).fetchnumpy()
    account, text_ids = sampled["account"].astype(np.int64), sampled["text_id"].astype(np.uint64)
    sums, weight = np.zeros((int(account.max(initial=-1)) + 1, SIZE), np.int64), token_weights(corpus)
    for a in range(0, len(account), CHUNK):
        np.add.at(sums, account[a : a + CHUNK], text_vectors(corpus, text_ids[a : a + CHUNK], weight))
    put(
        con,
        "habit_sums",
        account=np.arange(len(sums), dtype=np.uint64),
        **{f"v{k}": sums[:, k].astype(float) for k in range(SIZE)},
    )
    con.execute(HABITS.format(vector=", ".join(f"v{k}::INTEGER" for k in range(SIZE))))
    con.execute(SIGNATURES)


def _sample(con: duckdb.DuckDBPyConnection) -> None:
    """The prompts that are looked at of each account; a part of the accounts at a time bounds the memory."""
    con.execute("""CREATE OR REPLACE TEMP TABLE habit_rows
        (account_id VARCHAR, text_id UBIGINT, requests BIGINT, distinct_prompts BIGINT)""")
    ((asked,),) = con.execute("SELECT count(*) FROM asked").fetchall()
    shards = 1 + asked // SHARD
    for shard in range(shards):
        con.execute(SAMPLED, {"rows": ROWS, "shards": shards, "shard": shard})
    con.execute("""CREATE OR REPLACE TEMP TABLE habit_accounts AS
        SELECT account_id, row_number() OVER (ORDER BY account_id) - 1 AS account
        FROM (SELECT DISTINCT account_id FROM habit_rows)""")


def token_weights(corpus: Corpus) -> NDArray[np.int32]:
    """What a token weighs, in eighths of a bit: the fewer texts hold it, the more."""
    texts = _texts_with(corpus.tokens, corpus.offsets)
    return np.asarray(np.rint(8 * np.log2((len(corpus) + 1) / (texts + 1)).clip(0)), dtype=np.int32)


def text_vectors(corpus: Corpus, text_ids: U64, weight: NDArray[np.int32]) -> NDArray[np.int16]:
    """One vector per text: its tokens, the rarer the heavier, each thrown in a direction of its own.

    A random projection with signs from the token's hash (Achlioptas 2003), scaled to length SCALE. Only what the
    texts of this case hold is needed, no model and no word list.
    """
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
INSERT INTO habit_rows
WITH one AS (SELECT account_id, text_id, count(*) AS requests FROM asked
  WHERE part = 'prompt' AND account_id IS NOT NULL AND hash(account_id) % $shards = $shard GROUP BY ALL)
SELECT account_id, text_id, sum(requests) OVER (PARTITION BY account_id), count(*) OVER (PARTITION BY account_id)
FROM one
QUALIFY row_number() OVER (PARTITION BY account_id ORDER BY text_id) <= $rows
"""
HABITS = """
INSERT INTO account_habits
SELECT account_id, h.requests, h.distinct_prompts, h.looked_at, [{vector}]
FROM (SELECT account_id, any_value(requests) AS requests, any_value(distinct_prompts) AS distinct_prompts,
  count(*) AS looked_at FROM habit_rows GROUP BY account_id) h
JOIN habit_accounts USING (account_id) JOIN habit_sums USING (account)
ORDER BY account_id
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
