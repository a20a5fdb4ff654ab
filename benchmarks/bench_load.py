"""Loading against bare DuckDB, in one run on the same files: time as a ratio, and the peak memory of each.

python benchmarks/bench_load.py [--rows 500000] [--repeat 1]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import exports

WRITERS = {"ndjson.gz": exports.write_ndjson_gz, "csv.gz": exports.write_csv_gz}
ROWS_PER_FILE = 250_000
TYPES = {
    "occurred_at": "TIMESTAMPTZ",
    "stream": "BOOLEAN",
    "temperature": "DOUBLE",
    "max_tokens": "BIGINT",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    "http_status": "INTEGER",
    "cost_usd": "DECIMAL(18,6)",
}


def bare_duckdb(folder: Path, suffix: str) -> int:
    """The peer: one COPY with explicit columns, all files at once."""
    import duckdb

    names = list(next(exports.rows(1)))
    columns = ", ".join(f"{n}: '{TYPES.get(n, 'VARCHAR')}'" for n in names)
    reader, extra = (
        ("read_json", "format='newline_delimited'") if suffix.startswith("nd") else ("read_csv", "header=true")
    )
    source = f"{reader}('{folder.as_posix()}/*.{suffix}', columns={{{columns}}}, {extra})"
    with duckdb.connect() as con:
        con.execute("SET timezone = 'UTC'")
        con.execute("SET enable_progress_bar = false")
        con.execute(
            f"COPY (SELECT * FROM {source}) TO '{folder.as_posix()}/bare.parquet' "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
        return int(con.execute(f"SELECT count(*) FROM '{folder.as_posix()}/bare.parquet'").fetchall()[0][0])


def finished_case(folder: Path, suffix: str) -> int:
    """Ours: from the same files to a case with its sources, duplicates and accounts."""
    from functools import partial

    from kit.case import create_case, open_case
    from kit.database import build_database
    from kit.load import build_side_tables, load

    case = create_case(Path(tempfile.mkdtemp(dir=folder)) / "case")
    load(case, [f"{folder}/*.{suffix}"])
    build_database(case, [partial(build_side_tables, case)])
    return int(open_case(case).sql("SELECT count(*) FROM requests").scalar())


def measured(what: str, folder: Path, suffix: str) -> dict[str, float]:
    """Run one side in a process of its own."""
    command = [sys.executable, __file__, "--side", what, "--folder", str(folder), "--suffix", suffix]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(out.strip().splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--only", choices=list(WRITERS))
    parser.add_argument("--side", choices=["bare", "ours"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--suffix")
    a = parser.parse_args()
    if a.side:
        started = time.perf_counter()
        rows = (bare_duckdb if a.side == "bare" else finished_case)(a.folder, a.suffix)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        print(json.dumps({"rows": rows, "seconds": seconds, "gb": peak}), flush=True)
        os._exit(0)
    for suffix, write in WRITERS.items():
        if a.only in (None, suffix):
            with tempfile.TemporaryDirectory() as name:
                compare(Path(name), suffix, write, a.rows, a.repeat)


def compare(folder: Path, suffix: str, write: object, rows: int, repeat: int) -> None:
    """Write the exports, run both sides in turn, print the best of each and their ratio."""
    files = range((rows + ROWS_PER_FILE - 1) // ROWS_PER_FILE)
    for i in files:
        write(folder / f"part-{i:03d}.{suffix}", min(ROWS_PER_FILE, rows - i * ROWS_PER_FILE), seed=i)  # type: ignore[operator]
    size = sum(f.stat().st_size for f in folder.glob(f"*.{suffix}")) / 1e6
    print(f"{suffix}: {rows:,} rows in {len(files)} files, {size:,.0f} MB", flush=True)
    runs = [(measured("bare", folder, suffix), measured("ours", folder, suffix)) for _ in range(repeat)]
    bare, ours = (min((r[i] for r in runs), key=lambda r: r["seconds"]) for i in (0, 1))
    assert bare["rows"] == ours["rows"] == rows
    for name, side in (("bare DuckDB COPY", bare), ("incident load", ours)):
        print(
            f"  {name:18} {side['seconds']:7.1f} s  {rows / side['seconds']:10,.0f} rows/s  "
            f"peak {side['gb']:.2f} GB"
        )
    ratio = ours["seconds"] / bare["seconds"]
    print(f"  ratio {ratio:.2f} (wanted <= 1.25), peak {ours['gb']:.2f} GB (wanted <= 3)", flush=True)


if __name__ == "__main__":
    main()
