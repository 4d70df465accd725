"""Pictures: each takes frames and gives the matplotlib Axes that it drew on. Needs ``stedi[ml]``."""

from stedi.plots.accounts import accounts
from stedi.plots.bland_altman import bland_altman
from stedi.plots.clock_offsets import clock_offsets
from stedi.plots.consent_timeline import consent_timeline
from stedi.plots.coverage import coverage
from stedi.plots.f1_by_group import f1_by_group
from stedi.plots.funnel import funnel
from stedi.plots.match_rate import match_rate
from stedi.plots.poincare import poincare
from stedi.plots.session_trace import session_trace

__all__ = [
    "accounts",
    "bland_altman",
    "clock_offsets",
    "consent_timeline",
    "coverage",
    "f1_by_group",
    "funnel",
    "match_rate",
    "poincare",
    "session_trace",
]
