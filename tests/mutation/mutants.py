"""Wrong versions of the consent rule, each one change of text away from the right one."""

from pathlib import Path
from typing import NamedTuple


class Mutant(NamedTuple):
    """One change; ``found`` must stand exactly once in the file."""

    name: str
    file: str
    found: str
    put: str

    def applied_to(self, package: Path) -> str:
        """Return the file's text with the change, which must be possible in exactly one place."""
        text = (package / self.file).read_text("utf-8")
        places = text.count(self.found)
        if places != 1:
            raise AssertionError(
                f"mutant {self.name!r}: its text stands {places} times in {self.file}, not once. "
                "The code has changed: bring the mutant up to date, or it proves nothing"
            )
        return text.replace(self.found, self.put)


RULE, STATEMENTS, KEY = "consent/rule.py", "consent/statements.py", "consent/pseudonyms.py"
SANITIZE, CURATE = "transform/sanitize_customers.py", "transform/curate_customers.py"
ACCELEROMETER, STEPS = "transform/trust_accelerometer.py", "transform/trust_step_trainer.py"
ML, NEAREST, LOOKUP = "transform/curate_ml.py", "transform/nearest.py", "frame/lookup.py"

_CLAMP = """nw.max_horizontal(
                nw.col("consent_from"), nw.col("last_denial_at") + nw.lit(MILLISECOND)
            )"""
_CLAIMS = 'statements.filter(~nw.col("device_id").is_null()).select("customer_id", "device_id")'
_NOT_HELD = """
                (nw.col("_held").is_null(), Drop.DEVICE_NOT_HELD),"""
_HELD = 'held.with_columns(_held=nw.lit(1)), on=["customer_id", "device_id"]'
_ERASED_DENIES = 'return carry(people, like).with_columns(share=null_like(nw.col("at")))'
_ERASED_JOIN = 'carry(erased, usable), on="device_id", how="left"'
_ERASED_CLAMP = """nw.max_horizontal(
                nw.col("device_consent_from"), nw.col("_erased_at")"""
_NAMED_PEOPLE = "pl.concat([spelled, erased]).unique(maintain_order=True)"
_NAMED_DEVICES = '_each(held, "serial_numbers", "device_id", pseudonyms.device_id)'
_AMONG = "nw.concat([said, in_effect(theirs.select(_DENIAL), records)])"
_TOGETHER = (
    "everybody = nw.concat([consents, rule.all_together(carry(denials.together, consents), consents)])"
)
_WITHIN = '(nw.col("_gap") >= -span) & (nw.col("_gap") <= span)'
_LAST = '_last=nw.col("_phone").fill_null(strategy="forward").over("customer_id", **order)'

MUTANTS = (
    # Rule 1
    Mutant("a grant wins a tie", RULE, '"last_denial_at") < nw', '"last_denial_at") <= nw'),
    Mutant("the oldest record decides", RULE, 'col("at").max()', 'col("at").min()'),
    Mutant("denials never withdraw", RULE, '"customer_id").filter(_not_denied())', '"customer_id")'),
    Mutant("a future share is a grant", STATEMENTS, " & (date <= nw.lit(now))", ""),
    Mutant("a share at now is none", STATEMENTS, "date <= nw.lit(now)", "date < nw.lit(now)"),
    Mutant("1970 is plausible", STATEMENTS, "(date >= nw.lit(EARLIEST)) & ", ""),
    Mutant("2100 is plausible", STATEMENTS, "date < nw.lit(LATEST)", "date <= nw.lit(LATEST)"),
    # Rule 2
    Mutant("the clamp is dropped", RULE, _CLAMP, 'nw.col("consent_from")'),
    Mutant(
        "the clamp lacks its millisecond",
        RULE,
        'nw.col("last_denial_at") + nw.lit(MILLISECOND)',
        'nw.col("last_denial_at")',
    ),
    Mutant("the clamp opens instead", RULE, _CLAMP, _CLAMP.replace("max", "min")),
    Mutant("the first denial counts", RULE, 'col("_denied_at").max()', 'col("_denied_at").min()'),
    Mutant("the least share date counts", RULE, 'col("share").max()', 'col("share").min()'),
    Mutant("old share dates count", RULE, '.filter(nw.col("at") == nw.col("newest_at"))', ""),
    # Rule 3
    Mutant("consent starts after itself", ACCELEROMETER, '"timestamp") < nw', '"timestamp") <= nw'),
    Mutant(
        "readings before the consent",
        ACCELEROMETER,
        'nw.col("timestamp") < nw.col("consent_from")',
        "nw.lit(value=False)",
    ),
    Mutant("users as they are spelled", ACCELEROMETER, 'keys(users["user"])', 'users["user"]'),
    # Rule 4
    Mutant("any claimant is enough", RULE, 'col("_refuses").max()', 'col("_refuses").min()'),
    Mutant("the claimants' clause is dropped", RULE, '.filter(nw.col("_refuses") == 0)', ""),
    Mutant("the first claimant opens", RULE, 'col("consent_from").max()', 'col("consent_from").min()'),
    Mutant("only holders are asked", RULE, _CLAIMS, "device_holders(statements)"),
    Mutant(
        "a denial is no claim",
        RULE,
        _CLAIMS,
        _CLAIMS.replace("()", '() & ~nw.col("share").is_null()', 1),
    ),
    Mutant(
        "given back devices are held",
        RULE,
        """        .filter(_not_denied())
        .select("customer_id", "device_id")""",
        """        .select("customer_id", "device_id")""",
    ),
    Mutant("whoever lists a device holds it", SANITIZE, _NOT_HELD, ""),
    Mutant(
        "held by anybody is held",
        SANITIZE,
        _HELD,
        'held.select("device_id").unique().with_columns(_held=nw.lit(1)), on="device_id"',
    ),
    Mutant(
        "the device's consent starts after itself",
        STEPS,
        'nw.col("sensor_reading_time") < nw',
        'nw.col("sensor_reading_time") <= nw',
    ),
    Mutant(
        "steps before the consent",
        STEPS,
        'nw.col("sensor_reading_time") < nw.col("device_consent_from")',
        "nw.lit(value=False)",
    ),
    Mutant(
        "closed devices are open",
        STEPS,
        'nw.col("device_consent_from").is_null()',
        "nw.lit(value=False)",
    ),
    Mutant("one holder gets all", STEPS, '"customer_id").unique()', '"customer_id").unique("device_id")'),
    Mutant("holders without readings", STEPS, 'held.join(kept, on=pair, how="semi")', "held"),
    Mutant(
        "serials as they are spelled", STEPS, 'keys(serials["serial_number"])', 'serials["serial_number"]'
    ),
    # Rule 5
    Mutant(
        "readings count twice", ACCELEROMETER, ".select(*_TRUSTED.names).unique()", ".select(*_TRUSTED.names)"
    ),
    Mutant(
        "one reading per time",
        ACCELEROMETER,
        "_TRUSTED.names).unique()",
        '_TRUSTED.names).unique(["customer_id", "timestamp"])',
    ),
    Mutant(
        "steps count twice", STEPS, '"distance_from_object")\n        .unique()', '"distance_from_object")'
    ),
    Mutant(
        "one step per time",
        STEPS,
        '"distance_from_object")\n        .unique()',
        '"distance_from_object")\n        .unique(["device_id", "sensor_reading_time"])',
    ),
    # Rule 6
    Mutant("public is research", STATEMENTS, '"share_with_research_', '"share_with_public_'),
    Mutant("friends are research", STATEMENTS, '"share_with_research_', '"share_with_friends_'),
    # Rule 7
    Mutant(
        "rejected records are forgotten",
        SANITIZE,
        "nw.concat([said, denials.statements])",
        "said",
    ),
    Mutant("rejected records claim nothing", STATEMENTS, _NAMED_DEVICES, _NAMED_DEVICES + ".clear()"),
    Mutant(
        "only the first who is named denies", STATEMENTS, _NAMED_PEOPLE, _NAMED_PEOPLE + '.unique("_record")'
    ),
    Mutant("who is named with others still holds", STATEMENTS, _AMONG, "said"),
    Mutant("of several claimants none is asked", SANITIZE, _TOGETHER, "everybody = consents"),
    Mutant("they deny first, not last", STATEMENTS, "nw.lit(END_OF_TIME)", "nw.lit(EARLIEST)"),
    Mutant("their object does not date them", STATEMENTS, 'nw.col("_newest"), ', ""),
    Mutant(
        "the oldest of the object does", STATEMENTS, '"last_update_date").max()', '"last_update_date").min()'
    ),
    Mutant(
        "the object comes before their own time",
        STATEMENTS,
        'nw.col("at"), nw.col("_newest")',
        'nw.col("_newest"), nw.col("at")',
    ),
    Mutant("release is ignored", STATEMENTS, 'pl.col("released_at").is_null(),', ""),
    Mutant("other tables' records deny", STATEMENTS, 'pl.col("table_name") == CUSTOMER_LANDING,', ""),
    # Rule 8
    Mutant("current is the default", SANITIZE, 'if consent == "current":', 'if consent != "current":'),
    Mutant(
        "current keeps dates",
        SANITIZE,
        "consents = consents.with_columns(consent_from=nw.lit(EPOCH))",
        "pass",
    ),
    Mutant(
        "current asks for holders",
        SANITIZE,
        'held = records.select("customer_id", "device_id").unique()',
        "held = rule.device_holders(said)",
    ),
    # Who was erased
    Mutant(
        "an erasure denies nothing",
        SANITIZE,
        "said = nw.concat([said, statements.from_tombstones(tombstones, said)])",
        "pass",
    ),
    Mutant("an erasure shares", STATEMENTS, _ERASED_DENIES, _ERASED_DENIES.replace("null_like(", "(")),
    Mutant("erased devices are usable", SANITIZE, "usable = rule.after_erasure(usable, tombstones)", "pass"),
    Mutant("shared devices are as before", RULE, '"shared_device", ', ""),
    Mutant("own devices are as before", RULE, '"device", ', ""),
    Mutant("what denied since is forgotten", STATEMENTS, '("erased_at", "latest_denial")', '("erased_at",)'),
    Mutant("devices that were claimed are as before", RULE, ', "claimed_device"', ""),
    Mutant("only erased devices are usable", RULE, _ERASED_JOIN, _ERASED_JOIN.replace("left", "inner")),
    Mutant(
        "the erasure's millisecond is usable",
        RULE,
        'nw.col("_erased_at") + nw.lit(MILLISECOND)',
        'nw.col("_erased_at")',
    ),
    Mutant("an erasure opens a device", RULE, _ERASED_CLAMP, _ERASED_CLAMP.replace("max", "min")),
    # Who is who
    Mutant("spaces count", KEY, "spelling.strip()", "spelling"),
    Mutant("widths count", KEY, 'unicodedata.normalize("NFKC", spelling.strip())', "spelling.strip()"),
    Mutant("accents are composed only", KEY, '"NFKC"', '"NFC"'),
    Mutant("case counts", KEY, "spelling.strip()).lower()", "spelling.strip())"),
    Mutant("spaces count in columns", KEY, ".str.strip_chars(BLANKS)", ""),
    Mutant("case counts in columns", KEY, ".str.to_lowercase()", ""),
    Mutant("all text of a column is plain", KEY, "if plain.all():", "if True:"),
    Mutant("case is folded", KEY, "spelling.strip()).lower()", "spelling.strip()).casefold()"),
    Mutant("one domain for all", KEY, 'b"device"', 'b"customer"'),
    # The rows
    Mutant("the least record is shown", SANITIZE, 'keep="last"', 'keep="first"'),
    Mutant(
        "ties fall as they may",
        SANITIZE,
        '("last_update_date", *(name for name in _SENT if name != "last_update_date"))',
        '("last_update_date",)',
    ),
    Mutant("any year is plausible", LOOKUP, "_EARLIEST_BIRTHDAY <= day <= today", "day <= today"),
    Mutant("nobody is born today", LOOKUP, "day <= today", "day < today"),
    Mutant("customers without readings", CURATE, 'how="inner"', 'how="left"'),
    Mutant("the year of birth", CURATE, " // _YEARS * _YEARS", ""),
    Mutant("times are counted, not readings", CURATE, "nw.len()", 'nw.col("timestamp").n_unique()'),
    Mutant("the last reading is the first", CURATE, 'max().alias("last', 'min().alias("last'),
    # The pairs
    Mutant(
        "time alone",
        ML,
        'left.join(right, on=["customer_id", "timestamp"], how="inner")',
        'left.join(right.drop("customer_id"), on="timestamp", how="inner")',
    ),
    Mutant(
        "the customer alone",
        ML,
        'left.join(right, on=["customer_id", "timestamp"], how="inner")',
        'left.join(right.drop("timestamp"), on="customer_id", how="inner")',
    ),
    Mutant("a tie goes to the later", NEAREST, '"_after") < nw', '"_after") <= nw'),
    Mutant("the bound is outside", NEAREST, _WITHIN, _WITHIN.replace("=", "")),
    Mutant("no bound", NEAREST, _WITHIN, '~nw.col("_gap").is_null()'),
    Mutant("the nearest of anybody", NEAREST, _LAST, _LAST.replace('"customer_id", ', "")),
    Mutant(
        "the gap is turned round",
        NEAREST,
        '.then(nw.col("_after")).otherwise(-nw.col("_before"))',
        '.then(-nw.col("_after")).otherwise(nw.col("_before"))',
    ),
)
