"""One look at a scan: what a careful clerk would see. Runs inside the sandbox's child."""

from __future__ import annotations

import pypdfium2

from portal.rules.scan_findings import WHOLE_FILE, Finding, FindingKind, Look


def look(content: bytes, form_pages: int) -> Look:
    """Look at each page of a whole, inspected file; a form has ``form_pages`` pages."""
    document = pypdfium2.PdfDocument(content)
    try:
        pages = len(document)
    finally:
        document.close()
    findings = []
    if pages < form_pages:
        findings.append(Finding(FindingKind.MISSING_PAGES, WHOLE_FILE, pages))
    return Look(pages, tuple(findings))
