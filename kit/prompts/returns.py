"""Response flow: text answered to one account that comes back as another account's prompt.

Each answer is sketched by its SKETCH smallest shingle hashes (bottom-k; Broder 1997), so the share of them
found in a
prompt estimates how much of the answer the prompt holds. Only new text counts: not an answer that repeats what a
prompt held before, or holds itself (a choice offered, a text to correct, a page that many people paste).
"""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from kit.compiled import compiled
from kit.prompts.corpus import Grown
from kit.prompts.keys import runs
from kit.prompts.skeletons import put, texts
from kit.prompts.tokens import I64, U32, U64, tokenise

SHINGLE = 8  # tokens
SKETCH = 16  # shingles kept of an answer
HELD = 0.5  # share of an answer's sketch a prompt must hold
LEAST = 4  # shingles a prompt must hold
PARTS = 16  # of all shingles, sorted one after the other
SAID_OFTEN = 20  # answers with the same shingle, or accounts with the same answer, beyond which it is a set phrase


def build(con: duckdb.DuckDBPyConnection) -> None:
    """Fill response_flows and returned_requests."""
    known = _put_rare(con)
    prompt_ids, prompt_shingles = _held(con, known)
    put(con, "prompt_shingles", shingle=prompt_shingles, text_id=prompt_ids)
    del known, prompt_ids, prompt_shingles
    con.execute(PAIRS, {"held": HELD, "least": LEAST})
    con.execute(RETURNED, {"often": SAID_OFTEN})
    con.execute(REQUESTS)
    con.execute(FLOWS)


def _put_rare(con: duckdb.DuckDBPyConnection) -> U64:
    """Make the table rare_shingles: of the sketch of each answer what is no set phrase; its shingles, each once.

    Set phrases go before prompts are searched for what is known: a sentence in thousands of answers is in as many
    prompts, and none of that would be kept.
    """
    ids, shingles = Grown(np.uint64), Grown(np.uint64)
    for text_ids, batch in texts(con, "response"):
        row, least = _least(*tokenise(batch))
        ids.add(text_ids[row])
        shingles.add(least)
    known, rare = Grown(np.uint64), np.zeros(len(shingles.values), bool)
    part_of = shingles.values.view(np.uint8)[::8] % PARTS  # some byte of it
    for part in range(PARTS):  # a part at a time bounds the memory of sorting
        rows = np.flatnonzero(part_of == part)
        shingle, which, answers = np.unique(shingles.values[rows], return_inverse=True, return_counts=True)
        rare[rows] = answers[which] <= SAID_OFTEN
        known.add(shingle[answers <= SAID_OFTEN])
    put(con, "rare_shingles", shingle=shingles.values[rare], text_id=ids.values[rare])
    known.values.sort()
    return known.values


@compiled
def _least(tokens: U32, counts: I64) -> tuple[I64, U64]:
    """(text, hash) of the SKETCH smallest different hashes of runs of SHINGLE tokens of each text."""
    row, out = np.empty(SKETCH * len(counts), np.int64), np.empty(SKETCH * len(counts), np.uint64)
    found = np.empty(counts.max(), np.uint64)
    begin = end = 0
    for text in range(len(counts)):
        first = end
        for h in found[: runs(tokens[begin : begin + counts[text]], found, SHINGLE)]:
            at = end  # an insertion into what is kept so far, in order
            while at > first and out[at - 1] > h:
                at -= 1
            if at == first + SKETCH or (at > first and out[at - 1] == h):
                continue
            end = min(end + 1, first + SKETCH)
            for k in range(end - 1, at, -1):
                out[k] = out[k - 1]
            out[at], row[end - 1] = h, text
        begin += counts[text]
    return row[:end].copy(), out[:end].copy()


def _held(con: duckdb.DuckDBPyConnection, known: U64) -> tuple[U64, U64]:
    """(prompt, shingle) for the shingles of answers that occur in prompts."""
    bits = min(27, max(16, len(known).bit_length() + 4))
    sieve = np.zeros(1 << bits, np.bool_)
    shift = np.uint64(64 - bits)
    sieve[(known >> shift).astype(np.int64)] = True
    ids, shingles = Grown(np.uint64), Grown(np.uint64)
    for text_ids, batch in texts(con, "prompt") if len(known) else ():
        row, hit = _known(*tokenise(batch), known, sieve, shift)
        ids.add(text_ids[row])
        shingles.add(hit)
    return ids.values, shingles.values


@compiled
def _known(tokens: U32, counts: I64, known: U64, sieve: NDArray[np.bool_], shift: np.uint64) -> tuple[I64, U64]:
    """(text, hash) of the runs of SHINGLE tokens that are among the known ones; the sieve spares most searches."""
    row, out = np.empty(len(tokens), np.int64), np.empty(len(tokens), np.uint64)
    found = np.empty(counts.max(), np.uint64)
    begin = end = 0
    for text in range(len(counts)):
        for h in found[: runs(tokens[begin : begin + counts[text]], found, SHINGLE)]:
            if sieve[h >> shift]:
                at = np.searchsorted(known, h)
                if at < len(known) and known[at] == h:
                    row[end], out[end] = text, h
                    end += 1
        begin += counts[text]
    return row[:end].copy(), out[:end].copy()


PAIRS = """
CREATE OR REPLACE TEMP TABLE flow_pairs AS
WITH rare AS (FROM rare_shingles),
size AS (SELECT text_id, count(*) AS n FROM rare GROUP BY text_id),
p AS (SELECT DISTINCT shingle, text_id FROM prompt_shingles)
SELECT p.text_id AS prompt_id, rare.text_id AS answer_id, count(*) / any_value(size.n) AS containment
FROM rare JOIN p USING (shingle) JOIN size ON size.text_id = rare.text_id
GROUP BY p.text_id, rare.text_id
HAVING count(*) >= $least AND count(*) >= $held * any_value(size.n)
"""
RETURNED = """
CREATE OR REPLACE TEMP TABLE flow_rows AS
WITH prompts AS (SELECT a.text_id, a.source_id, a.line, r.account_id, r.occurred_at FROM asked a
  JOIN requests r ON r.source_id = a.source_id AND r.line = a.line
    WHERE a.part = 'prompt' AND a.text_id IN (SELECT prompt_id FROM flow_pairs)),
known AS (SELECT f.answer_id, min(p.occurred_at) AS at FROM flow_pairs f JOIN prompts p ON p.text_id = f.prompt_id
  GROUP BY f.answer_id),
answers AS (SELECT a.text_id, r.account_id, r.occurred_at FROM asked a
  JOIN requests r ON r.source_id = a.source_id AND r.line = a.line
    JOIN known k ON k.answer_id = a.text_id AND r.occurred_at < k.at
  WHERE a.part = 'response' AND r.account_id IS NOT NULL),
rare AS (FROM answers WHERE text_id IN (SELECT text_id
  FROM answers GROUP BY text_id HAVING count(DISTINCT account_id) <= $often))
SELECT p.source_id, p.line, p.account_id AS to_account_id, a.account_id AS from_account_id,
  min(epoch(p.occurred_at) - epoch(a.occurred_at)) AS lag_s, max(f.containment) AS containment
FROM flow_pairs f JOIN rare a ON a.text_id = f.answer_id JOIN prompts p ON p.text_id = f.prompt_id
WHERE a.account_id <> p.account_id AND a.occurred_at < p.occurred_at
GROUP BY p.source_id, p.line, p.account_id, a.account_id
"""
REQUESTS = """
INSERT INTO returned_requests
SELECT source_id, line, to_account_id, count(*), round(max(containment), 6) FROM flow_rows GROUP BY ALL ORDER BY ALL
"""
FLOWS = """
INSERT INTO response_flows
SELECT from_account_id, to_account_id, count(*), round(median(lag_s), 3), round(avg(round(containment,
  3)::DECIMAL(9, 3)), 6)
FROM flow_rows GROUP BY ALL ORDER BY ALL
"""
