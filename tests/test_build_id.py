"""What a build id depends on: all that can change a derived table, and nothing that only reads them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kit.database import READING, digest_of
from tests.test_floors import FILES, KIT, area, imported

DERIVING = [
    "sql/volume/profiles.sql",
    "sql/schema/base.sql",
    "rules/elicitation.yaml",
    "formats/nginx.toml",
    "volume/tables.py",
    "prompts/skeletons.py",
    "linkage/groups.py",
    "load/joins.py",
    "stats/counts.py",
    "result.py",
    "derive.py",
    "database.py",
    "a_module_that_is_new.py",
]
ONLY_READING = ["charts/volume.py", "widgets/table.py", "bundle/wording.yaml", "findings.py", "commands.py"]


def reached(start: str) -> set[str]:
    """The areas that an area imports, at any remove, lazily or not."""
    imports: dict[str, set[str]] = {}
    for file in FILES:
        imports.setdefault(area(file), set()).update(imported(file))
    seen: set[str] = set()
    todo = {start}
    while todo:
        here = todo.pop()
        seen.add(here)
        todo |= imports.get(here, set()) - seen
    return seen


def test_nothing_that_derives_tables_imports_what_is_said_only_to_read_them() -> None:
    deriving = reached("derive")
    assert {"load", "volume", "prompts", "linkage", "formats", "stats", "database"} <= deriving
    assert deriving & READING == set()


def test_every_area_that_only_reads_is_there() -> None:
    assert {area(f) for f in FILES} >= READING


@pytest.mark.parametrize("name", DERIVING + ONLY_READING)
def test_a_change_changes_the_build_exactly_if_it_can_change_a_table(name: str, tmp_path: Path) -> None:
    own = Path(shutil.copytree(KIT, tmp_path / "kit"))
    before, whole = digest_of(own, READING), digest_of(own)
    with (own / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert (digest_of(own, READING) != before) is (name in DERIVING)
    assert digest_of(own) != whole  # a replay says that the kit is another one, whatever changed


def test_queries_and_rules_are_read_by_what_derives_and_count_whole() -> None:
    assert not {"sql", "rules", "formats"} & READING
