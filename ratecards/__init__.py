"""The sell side, pure: cost decks and margin rules become a rate card, its change list and its warnings.

Map: `rules` (which margin applies to a code) · `match` (longest match over a deck's view) · `build` (cost
decks + rules -> rate card) · `changes` (what differs from the card in force) · `traps` (sell codes that cover
dearer, longer cost codes) · `amount` (what a call costs, for whole columns) · `explode` (every code of many decks
with its match in each) · `export` (CSV, XLSX). Tables have the columns of `rates.schema.TIMELINE`; money is integer nanos.
"""
