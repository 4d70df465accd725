"""What the methods of a lake return: each class is loaded when it is asked for (PEP 562)."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stedi.governance.explain.explanation import Device, Entry, Explanation, Person, Portion, Reason
    from stedi.governance.maintain.report import MaintenanceReport, TableMaintenance
    from stedi.governance.privacy.report import PrivacyReport
    from stedi.governance.rotate.rotation import RotationReport
    from stedi.governance.verify.finding import Check, Fault, Finding, Verification
    from stedi.pipeline.history import Run
    from stedi.pipeline.receipts.receipt import (
        LeftObject,
        Receipt,
        Remains,
        RemovedFile,
        RewrittenObject,
        Scanned,
        TableErasure,
    )
    from stedi.pipeline.run_report import RunReport
    from stedi.pipeline.upgrade import UpgradeReport
    from stedi.plan.account import Account
    from stedi.plan.change import Change, People
    from stedi.plan.match import Match

__all__ = [
    "Account",
    "Change",
    "Check",
    "Device",
    "Entry",
    "Explanation",
    "Fault",
    "Finding",
    "LeftObject",
    "MaintenanceReport",
    "Match",
    "People",
    "Person",
    "Portion",
    "PrivacyReport",
    "Reason",
    "Receipt",
    "Remains",
    "RemovedFile",
    "RewrittenObject",
    "RotationReport",
    "Run",
    "RunReport",
    "Scanned",
    "TableErasure",
    "TableMaintenance",
    "UpgradeReport",
    "Verification",
]

_MODULES: Final = {
    "pipeline.receipts.receipt": "LeftObject Receipt Remains RemovedFile RewrittenObject Scanned "
    "TableErasure",
    "governance.explain.explanation": "Device Entry Explanation Person Portion Reason",
    "governance.maintain.report": "MaintenanceReport TableMaintenance",
    "governance.privacy.report": "PrivacyReport",
    "governance.rotate.rotation": "RotationReport",
    "governance.verify.finding": "Check Fault Finding Verification",
    "pipeline.history": "Run",
    "pipeline.run_report": "RunReport",
    "pipeline.upgrade": "UpgradeReport",
    "plan.account": "Account",
    "plan.change": "Change People",
    "plan.match": "Match",
}


def __getattr__(name: str) -> object:
    """Return a class of ``__all__``; load its module only now."""
    for module, names in _MODULES.items():
        if name in names.split():
            return getattr(import_module(f"stedi.{module}"), name)
    raise AttributeError(f"module 'stedi.reports' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
