"""Rules and wording are read alike by either loader, and a mistake is named by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import kit
from kit import yaml_text
from kit.errors import CaseError
from kit.prompts.elicitation import parse

SHIPPED = sorted(Path(kit.__file__).parent.rglob("*.yaml"))
LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.name)
def test_what_comes_with_the_kit_reads_the_same_without_libyaml(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = file.read_text(encoding="utf-8")
    fast = yaml_text.read_yaml(text, file.name)
    monkeypatch.setattr(yaml_text, "Loader", yaml.SafeLoader)
    assert fast
    assert yaml_text.read_yaml(text, file.name) == fast


@pytest.mark.parametrize("loader", LOADERS)
def test_a_mistake_is_named_by_file_and_line(loader: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "Loader", loader)
    with pytest.raises(CaseError, match=r"^own\.yaml, line 3, is not YAML \(.+\); correct it and rebuild\.$"):
        parse("- id: one\n  all: [a,\n    b: }\n", "own.yaml")
    with pytest.raises(CaseError, match=r"^own\.yaml is not YAML \(unacceptable character"):
        parse("- id: \x01\n", "own.yaml")


@pytest.mark.parametrize("loader", LOADERS)
def test_no_object_is_made_from_a_rule_file(loader: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "Loader", loader)
    with pytest.raises(CaseError, match="line 1"):
        parse("!!python/object/apply:os.system ['true']\n", "own.yaml")
