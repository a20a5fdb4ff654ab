"""Which accounts an analysis is about: one id, a list, a cluster, or all."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kit.case import Case
from kit.errors import ParameterError

Accounts = str | Sequence[str] | None


def chosen(case: Case, accounts: Accounts = None, cluster: str | None = None) -> list[str] | None:
    """The account ids meant, sorted; None means all. Raises ParameterError for one that the case does not know."""
    if cluster is not None:
        if accounts is not None:
            raise ParameterError("Both accounts= and cluster= are given; name the accounts one way.")
        found = case.sql(
            "SELECT account_id FROM cluster_accounts WHERE cluster_id = $c ORDER BY account_id",
            "members",
            c=cluster,
        )
        if not len(found):
            raise ParameterError(f"There is no cluster {cluster!r}; the table clusters lists them.")
        return list(found["account_id"])
    if accounts is None:
        return None
    wanted = sorted({accounts} if isinstance(accounts, str) else set(accounts))
    if not wanted:
        raise ParameterError("accounts= is an empty list; leave it out to mean all accounts.")
    known = case.sql(
        """SELECT account_id FROM accounts WHERE account_id IN (SELECT unnest($a::VARCHAR[]))
        UNION SELECT account_id FROM account_profiles WHERE account_id IN (SELECT unnest($a::VARCHAR[]))""",
        "known",
        a=wanted,
    )
    if missing := sorted(set(wanted) - set(known["account_id"])):
        raise ParameterError(f"The case has no account {missing[0]!r}; the table accounts lists them.")
    return wanted


def steady(frame: pl.DataFrame) -> pl.DataFrame:
    """Numbers to six significant digits and no NaN: what another processor computes gives the same digest."""
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None).round_sig_figs(6))
