"""YAML as Python values, by libyaml where PyYAML was built with it: ten times as fast as the loader in Python."""

from __future__ import annotations

from typing import Any

import yaml

from kit.errors import CaseError

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str, name: str) -> Any:
    """What a YAML text holds; no object is ever made from it. Raises CaseError naming file and line."""
    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        where = f"{name}, line {mark.line + 1}," if mark else name
        said = getattr(e, "problem", None) or str(e).splitlines()[0]
        raise CaseError(f"{where} is not YAML ({said}); correct it and rebuild.") from e
