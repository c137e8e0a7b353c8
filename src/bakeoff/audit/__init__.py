"""Proofs about environments: that experts can, cheats cannot, and a verdict means what it says."""

from bakeoff.audit.audit import audit_environment
from bakeoff.audit.checks import CHECKS, ON_PAPER
from bakeoff.audit.report import AuditReport, CheckSummary, ErrorRate, Finding, Rate, Result, wilson
from bakeoff.audit.sample import every_product, sample_tasks
from bakeoff.audit.subject import Subject

__all__ = [
    "CHECKS",
    "ON_PAPER",
    "AuditReport",
    "CheckSummary",
    "ErrorRate",
    "Finding",
    "Rate",
    "Result",
    "Subject",
    "audit_environment",
    "every_product",
    "sample_tasks",
    "wilson",
]
