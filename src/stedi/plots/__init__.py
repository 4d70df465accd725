"""Pictures: each takes frames and gives the matplotlib Axes that it drew on. Needs ``stedi[ml]``."""

from stedi.plots.session_trace import session_trace

__all__ = ["session_trace"]
