"""The bar that shows how far a load is."""

from __future__ import annotations

from pathlib import Path

import kit.load
from kit.case import create_case

SAMPLE = Path(__file__).parents[1] / "formats" / "google_vertex" / "sample-bigquery.parquet"


class Bar:
    """Counts as tqdm does."""

    n, rows = 0, 0

    def update(self, n: int) -> None:
        self.n += n

    def set_postfix_str(self, *_: object, **__: object) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None: ...


def test_the_bar_ends_full_of_a_file_whose_reader_counts_no_bytes(tmp_path, monkeypatch):
    bar, wanted = Bar(), []
    monkeypatch.setattr(kit.load, "_bar", lambda total: wanted.append(total) or bar)
    folder = tmp_path / "case"
    create_case(folder)
    kit.load.load(folder, [SAMPLE])
    assert bar.n == wanted[0] > 0
