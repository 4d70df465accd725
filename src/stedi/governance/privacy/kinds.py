"""The kinds of customers that a privacy report counts, in the words by which it shows them."""

from typing import Final

ALL: Final = "all customers"
CONSENTS: Final = "consents"
WITHDREW: Final = "withdrew"
NEVER: Final = "never agreed"
OTHERS: Final = "agreed for a later date, or are kept out by a record that could not be read"
"""Never shown: the rest that keeps the others from being worked out of their sum."""

SINCE_DENIAL: Final = "consent counts from an earlier denial on: it can't reach back over it"
USABLE: Final = "a device of theirs may be used"
BLOCKED: Final = "a device of theirs may not: another customer who listed it does not consent"
