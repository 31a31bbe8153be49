"""Every problem id with its usual severity, title, hint and repairs. Ids are stable: programs and templates keep them."""

from typing import Final, Literal, NamedTuple


class Entry(NamedTuple):
    severity: Literal["error", "warning"]
    title: str
    hint: str
    repairs: tuple[str, ...] = ()


CATALOGUE: Final[dict[str, Entry]] = {
    # the file
    "file_type_unknown": Entry(
        "error", "Not a deck file", "Send CSV, TSV, XLSX, XLS, XLSB, ODS or a ZIP of these."
    ),
    "file_empty": Entry("error", "Empty file", "The file holds no bytes: send it again."),
    "file_encrypted": Entry(
        "error", "File is password-protected", "Save it without a password and send it again."
    ),
    "file_too_big": Entry(
        "error",
        "File is too big",
        "Split the deck, or remove empty formatted rows and columns, and send it again.",
    ),
    "file_unsafe": Entry(
        "error",
        "File refused",
        "The file holds parts no rate deck needs; save the sheet as a new CSV or XLSX file.",
    ),
    "file_corrupt": Entry(
        "error", "File cannot be read", "Open it in a spreadsheet, save it anew and send it again."
    ),
    "parser_crashed": Entry(
        "error", "File could not be read", "Reading this file failed; save it as CSV and send it again."
    ),
    "check_timeout": Entry(
        "error", "Check took too long", "Split the deck, or save it as CSV, and send it again."
    ),
    "cancelled": Entry("error", "Check was cancelled", "Start the check again."),
    "encoding_error": Entry(
        "error", "Text cannot be decoded", "Choose the encoding in which the file was saved."
    ),
    "line_too_long": Entry(
        "error",
        "A line is too long",
        "Check the delimiter and the quotes: a line of a deck has a few hundred characters.",
    ),
    "sheet_missing": Entry("error", "Sheet not found", "Choose one of the sheets of the file."),
    "sheet_empty": Entry("error", "Sheet is empty", "Choose the sheet that holds the rates."),
    "header_not_found": Entry(
        "error", "Header row not found", "Mark the header row, or say that there is none and map the columns."
    ),
    "column_missing": Entry(
        "error", "A needed column is missing", "Map a column to this field or give a default value."
    ),
    "column_unknown": Entry(
        "error", "Mapping names a column that is not there", "Map the columns anew for this file."
    ),
    "column_ambiguous": Entry("error", "Two columns for one field", "Map each field to one column only."),
    "column_unsure": Entry("error", "Column needs a look", "Confirm what this column holds."),
    "sheets_unsure": Entry(
        "error",
        "Several sheets hold something",
        "Confirm what each sheet holds, and for which callers its prices are.",
    ),
    "unit_unsure": Entry(
        "error", "Unit of the prices needs a look", "Choose the unit in which the rates are written."
    ),
    "tier_unsure": Entry(
        "error",
        "Several volume tiers",
        "Say which tier applies: map its column as the rate, or name the tier.",
    ),
    "origin_list_missing": Entry(
        "error",
        "Origin group without A-prefixes",
        "Prices for these callers need the list of A-prefixes: send the sheet that has it, or state the group.",
    ),
    "origin_twice": Entry(
        "error",
        "A-prefix in two origin groups",
        "A caller belongs to one group: leave the prefix in one list only.",
    ),
    "origin_unknown": Entry(
        "error",
        "Not an A-prefix",
        "Write A-prefixes as digits with the country code first, or name one country.",
    ),
    "mode_missing": Entry(
        "error",
        "Full or partial not stated",
        "Say whether the file is a full A-Z, full per country, or partial.",
    ),
    "option_invalid": Entry("error", "An option cannot be used", "Correct the value and check again."),
    "decimal_ambiguous": Entry(
        "error",
        "Decimal mark is ambiguous",
        "Say whether 1,234 is one point two or one thousand: choose the decimal mark.",
    ),
    # rows
    "cells_split": Entry(
        "error",
        "A delimiter stands inside cells",
        "Prices with decimal commas are not quoted, so each is two cells: confirm that they belong together.",
        ("join_split_cells",),
    ),
    "jurisdiction_unknown": Entry(
        "error", "Jurisdiction not understood", "Use interstate, intrastate, indeterminate or local."
    ),
    "destination_unknown": Entry(
        "error",
        "No dial codes for this destination",
        "No list of codes has this name: correct the name, add its codes, or leave the row out.",
        ("skip_unknown_destinations",),
    ),
    "area_zero": Entry(
        "error",
        "Area code begins with 0",
        "Say whether the 0 is dialled from abroad (Italy) or only inside the country.",
        ("strip_area_zero", "keep_area_zero"),
    ),
    "zero_lost": Entry(
        "error",
        "Dial code seems to have lost a 0",
        "Numbers of this country keep their leading 0: a spreadsheet may have dropped it.",
        ("restore_zeros", "keep_codes_as_written"),
    ),
    "extra_cells": Entry(
        "warning",
        "Cells beyond the last column",
        "The row has more cells than the header; the extra ones were left out.",
    ),
    "text_row": Entry(
        "warning", "Row without code and rate", "Taken for a heading or a footer and left out."
    ),
    "formula_cell": Entry(
        "error", "Formula without a value", "Open the file in a spreadsheet, save it, and send it again."
    ),
    "bad_code": Entry(
        "error",
        "Not a dial code",
        "A dial code is 1-15 digits with the country code first.",
        ("skip_bad_codes",),
    ),
    "code_missing": Entry(
        "error",
        "Row without a dial code",
        "Fill in the dial code, or leave the row out.",
        ("skip_bad_codes",),
    ),
    "code_shortened": Entry(
        "error",
        "Dial code damaged by a spreadsheet",
        "Digits are lost: format the column as text and send the file again.",
        ("skip_bad_codes",),
    ),
    "code_spaced": Entry(
        "error",
        "Spaces inside dial codes",
        "Say whether the parts are one code or a list of codes.",
        ("join_spaced_codes", "split_spaced_codes"),
    ),
    "code_too_long": Entry(
        "error", "Dial code too long", "A dial code has at most 15 digits.", ("skip_bad_codes",)
    ),
    "unknown_country": Entry(
        "warning", "Unknown country code", "No country is known under these digits: check the code."
    ),
    "range_invalid": Entry(
        "error",
        "Range cannot be read",
        "Both ends need the same number of digits, the lower one first; or say that 44-207 is one code.",
        ("join_dashed_codes", "skip_bad_codes"),
    ),
    "remark_unclear": Entry(
        "error",
        "A remark may close or block the code",
        "The remark speaks of closing or blocking in more than one word: use a status column, or take the rows at their price.",
        ("take_remarks_as_notes",),
    ),
    "rate_missing": Entry(
        "error",
        "Row without a rate",
        "Fill in the rate, or leave these rows out. A missing rate is never taken as 0.",
        ("skip_rows_without_rate",),
    ),
    "rate_invalid": Entry(
        "error",
        "Rate is not a number",
        "Write the rate as a plain number, or leave these rows out.",
        ("skip_rows_without_rate",),
    ),
    "rate_negative": Entry("error", "Negative rate", "A rate cannot be below 0.", ("skip_negative_rates",)),
    "rate_precision": Entry(
        "error", "Rate has more than 8 decimals", "Round the rate to 8 decimals.", ("round_rates",)
    ),
    "rate_suspicious": Entry(
        "error",
        "Rate needs confirmation",
        "Confirm the rate or leave the row out.",
        ("keep_zero_rates", "skip_zero_rates", "accept_suspicious_rates"),
    ),
    "rates_differ": Entry(
        "error",
        "Peak and other rates differ",
        "One rate per code is kept: take the highest, or map the column that applies.",
        ("use_highest_rate",),
    ),
    "currency_unknown": Entry("error", "Unknown currency", "Use an ISO 4217 code such as USD."),
    "currency_mixed": Entry("error", "Several currencies in one deck", "Send one deck per currency."),
    "currency_changed": Entry(
        "error",
        "Currency differs from the deck in force",
        "An exchange rate between both is needed to compare prices.",
    ),
    "increment_invalid": Entry(
        "error",
        "Increment is not a whole number of seconds above 0",
        "Write increments such as 60/1 or 30/6.",
        ("default_increments",),
    ),
    "increment_missing": Entry(
        "warning", "Increments not stated", "1/1 was used: map the column or give a default if that is wrong."
    ),
    "free_seconds_invalid": Entry(
        "error",
        "Free seconds are not a whole number",
        "Write a whole number of seconds, or leave the column out.",
    ),
    "fee_invalid": Entry(
        "error", "Connection fee is not a number", "Write the fee as a plain number, or leave the column out."
    ),
    "status_unknown": Entry(
        "error", "Status not understood", "Use open, blocked or closed, or leave the column out."
    ),
    "date_missing": Entry("error", "No effective date", "Map the column, or say from when the deck applies."),
    "date_invalid": Entry("error", "Not a date", "Write dates as 2026-11-21.", ("skip_bad_dates",)),
    "date_ambiguous": Entry(
        "error", "Order of day and month is ambiguous", "Choose the date order for the file."
    ),
    "date_past": Entry(
        "warning", "Date before receipt", "Applied from the receipt of the file; rated calls do not change."
    ),
    "date_order": Entry(
        "error", "Ends before it begins", "Correct the dates of the row.", ("skip_bad_dates",)
    ),
    "expired": Entry(
        "warning", "Row has already ended", "The row ended before the file came and was left out."
    ),
    "duplicate_code": Entry(
        "error",
        "Dial code twice with different terms",
        "Keep one of them.",
        ("keep_first_duplicate", "keep_last_duplicate"),
    ),
    "overlap": Entry(
        "error", "Validities of one code overlap", "End the earlier row where the later one begins."
    ),
    # whole-file sanity (rates.thresholds): severity by the carrier's level
    "truncated_rows": Entry(
        "error",
        "Table ends where a sheet is full",
        "Rows beyond the sheet's last one are lost: ask for the rest, or for CSV.",
    ),
    "truncated_area": Entry(
        "warning",
        "Table stops inside an area",
        "The rows seem to be cut off: compare the end of the table with the last deck.",
    ),
    "rate_like_code": Entry("error", "Rates look like dial codes", "Check which column holds the rates."),
    "duplicate_rows": Entry(
        "warning", "Many rows stand in the file twice", "Is the file put together from two? Send one of them."
    ),
    "origin_conflict": Entry(
        "warning",
        "Origin groups read in two ways",
        "The longest code and the caller's group give different prices: agree which of them wins.",
    ),
    "price_leap": Entry(
        "warning", "Price leaps", "Check the decimal mark and the unit, then confirm or correct."
    ),
    "decimal_slip": Entry(
        "warning",
        "Decimal mark may have slipped",
        "The price is ten, a hundred … times what stands beside or before it.",
    ),
    "steep_code": Entry(
        "warning",
        "Code far dearer than the one above it",
        "Whoever sells the shorter code at one price loses on the longer one: price it apart.",
    ),
    "margin_trap": Entry(
        "warning",
        "Sell code over dearer cost codes",
        "A rate card sells these numbers for less than they will cost: give the dearer codes a sell rate of their own.",
    ),
    "no_rows": Entry("error", "No rows left", "No row of the file can be used."),
    # against the deck in force
    "notice_short": Entry(
        "warning", "Increase with too short notice", "Postponed to receipt plus the notice period."
    ),
    "closes_many": Entry(
        "warning",
        "Full deck closes many codes",
        "More than 20 % of the active codes would close: a second person must agree.",
    ),
    "changes_many": Entry(
        "warning", "Many rates change", "More than 30 % of the rates change: a second person must agree."
    ),
    "rate_jump": Entry("warning", "A rate changes many times over", "A second person must agree."),
}
