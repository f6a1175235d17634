"""统计报表: the reports, their previews, what was made of them, and 报表核验."""

from portal.blueprints.reports import certificates, runs, verifying
from portal.blueprints.reports.views import blueprint

__all__ = ["blueprint", "certificates", "runs", "verifying"]
