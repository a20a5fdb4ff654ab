"""Errors a person can act on: one sentence that names the thing and ends in what to do."""

from __future__ import annotations


class KitError(Exception):
    """The base of every error the kit raises on purpose; the command line prints it as one line."""


class CaseError(KitError):
    """A case folder is missing, damaged, or not what it should be."""


class LoadError(KitError):
    """An export could not be read as a whole; nothing of it was stored."""


class QueryError(KitError):
    """A query is not a single SELECT, names something unknown, or was given other parameters than it takes."""


class ParameterError(KitError):
    """A notebook or function parameter is misspelt, of the wrong kind, or impossible."""


class BundleError(KitError):
    """An evidence bundle cannot be written, or does not verify."""
