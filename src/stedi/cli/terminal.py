"""The console for people: a text in it is a text."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from stedi.cli.escape import escape_text


class SafeConsole(Console):
    """A console to which a text is a text: no markup, no emoji names, no commands to the terminal."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **settings)

    def render_str(self, text: str, **settings: Any) -> Text:
        """Return a text as Rich has it."""
        return super().render_str(
            escape_text(text, self.encoding), **settings | {"markup": False, "emoji": False}
        )

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is written."""
        for segment in super().render(renderable, options):
            yield (
                segment
                if segment.control
                else Segment(escape_text(segment.text, self.encoding), segment.style)
            )
