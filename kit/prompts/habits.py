"""What is typical of an account even when it shares no template: contents, parameters, clients, hours, lengths."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from kit.prompts.mining import Corpus, _parts
from kit.prompts.skeletons import put
from kit.prompts.tokens import mix64

SIZE = 64  # numbers in a content vector
SCALE = 1000  # a text's vector has this length; sums of whole numbers come out the same in any order
ROWS = 100  # distinct prompts of an account that are looked at


def build(con: duckdb.DuckDBPyConnection, corpus: Corpus) -> None:
    """Fill account_habits and account_signatures."""
    con.execute(SAMPLED, {"rows": ROWS})
    sampled: dict[str, Any] = con.execute(
        "SELECT account, text_id FROM habit_rows ORDER BY account, text_id"
    ).fetchnumpy()
    place = np.searchsorted(corpus.ids, sampled["text_id"].astype(np.uint64))
    vectors = text_vectors(corpus)
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


def text_vectors(corpus: Corpus) -> NDArray[np.int16]:
    """One vector per text: its tokens, the rarer the heavier, each thrown in a direction of its own.

    A random projection with signs from the token's hash (Achlioptas 2003), scaled to length SCALE. Only what the
    texts of this case hold is needed, no model and no word list.
    """
    weight = _rarity(corpus)
    out = np.zeros((len(corpus), SIZE), np.int16)
    for rows in _parts(corpus.lengths * SIZE // 4):
        a, b = corpus.offsets[rows.start], corpus.offsets[rows.stop]
        tokens = corpus.tokens[a:b]
        signs = mix64(tokens.astype(np.uint64)).view(np.uint8).reshape(-1, 8)
        directions = np.unpackbits(signs, axis=1).astype(np.int32) * 2 - 1
        directions *= weight[(tokens >> np.uint32(8)).astype(np.int64)][:, None]
        some = corpus.lengths[rows] > 0
        if some.any():
            total = np.add.reduceat(directions, (corpus.offsets[rows.start : rows.stop] - a)[some], axis=0).astype(
                float
            )
            length = np.sqrt((total**2).sum(axis=1, keepdims=True))
            out[rows][some] = np.rint(SCALE * total / np.maximum(length, 1)).astype(np.int16)
    return out


def _rarity(corpus: Corpus) -> NDArray[np.int32]:
    """Eighths of a bit by which a token is rare among the texts."""
    uses = np.zeros(1 << 24, np.int64)
    for rows in _parts(corpus.lengths):
        a, b = corpus.offsets[rows.start], corpus.offsets[rows.stop]
        row = np.repeat(np.arange(rows.stop - rows.start, dtype=np.uint64), corpus.lengths[rows])
        once = np.unique((row << np.uint64(24)) | (corpus.tokens[a:b] >> np.uint32(8)))
        uses += np.bincount((once & np.uint64(0xFFFFFF)).astype(np.int64), minlength=1 << 24)
    out: NDArray[np.int32] = np.rint(8 * np.log2((len(corpus) + 1) / (uses + 1)).clip(0)).astype(np.int32)
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
