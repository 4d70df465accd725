"""What stands between the records of a text of which some go: the brackets of arrays stay."""

import re
from typing import AnyStr, Generic


class Between(Generic[AnyStr]):
    """Puts what stands between records before those that stay.

    With a record goes what parts it from the one before. But where an array ends or begins, and before the
    first record, it stays, whichever records do.

    Args:
        bracket: A bracket of an array.
        nothing: An empty text.
    """

    def __init__(self, bracket: re.Pattern[AnyStr], nothing: AnyStr) -> None:
        """Begin before the first record."""
        self._bracket: re.Pattern[AnyStr] = bracket
        self._nothing: AnyStr = nothing
        self._seen = False
        self._held: AnyStr | None = None

    def see(self, between: AnyStr) -> None:
        """Come to a record, behind what stands before it."""
        if not self._seen or self._bracket.search(between):
            self._held = self.rest() + between
        self._seen = True

    def take(self, between: AnyStr) -> AnyStr:
        """Return what stands before the record that was seen last, which stays."""
        held, self._held = self._held, None
        return between if held is None else held

    def rest(self) -> AnyStr:
        """Return what stays of what stood before records that went, and behind the last one that stays."""
        return self._nothing if self._held is None else self._held
