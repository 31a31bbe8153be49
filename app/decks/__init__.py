"""Rate decks: from a received file to a version of a product's timeline.

models    Deck, DeckVersion, DeckTemplate
files     received bytes by SHA-256; received once, never changed
service/  one verb a file: receive, start_check, run_check, choose_mapping, approve, discard, rollback, …
queries   what pages and programs read; grids page over Arrow files; exports write CSV and XLSX
forms, views, api, cli, jobs   the four ways in; each authorises, calls a verb, commits once

News travels upward as the jobs `snapshot.build` and `market.build`, enqueued by name.
"""
