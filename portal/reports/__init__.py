"""统计报表: one module a report (its query, its columns), and what makes files of what it says.

A report is a ``Content`` first; PDF, XLSX, CSV and preview are made of that one. Queries are those
of ``services``, so that a figure has one source; what was made is kept by ``services.report_runs``.
"""
