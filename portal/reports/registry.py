"""All reports, in the order of the page 统计报表."""

from __future__ import annotations

from portal.errors import NotFound
from portal.reports import (
    archive,
    brief,
    certificate,
    checks,
    irregular_numbers,
    missing_forms,
    progress_table,
    releases,
    roster,
)
from portal.reports.report import Report

REPORTS: tuple[Report, ...] = (
    progress_table.REPORT,
    missing_forms.REPORT,
    irregular_numbers.REPORT,
    roster.REPORT,
    checks.REPORT,
    releases.REPORT,
    archive.REPORT,
    certificate.REPORT,
    brief.REPORT,
)

_BY_SLUG = {report.slug: report for report in REPORTS}


def find_report(slug: str) -> Report:
    """A report by its name in an address. Raises ``NotFound``."""
    try:
        return _BY_SLUG[slug]
    except KeyError:
        raise NotFound from None
