"""Rate decks: from a received file to a version of a product's timeline, and out again.

models    Deck, DeckVersion, DeckTemplate, DeckPolicy, Arrival, TrafficDay
files     received bytes by SHA-256; received once, never changed
service/  one verb a file: receive, start_check, run_check, finish_check, choose_mapping, settle_late, approve, rollback, …
policy, auto_accept   what one carrier's decks are held to; which of them need no person
impact    what a deck does to cost and margin on traffic; pending, upcoming: what is approved and not yet in force
mailbox, watched      decks by mail and folder; service/take_mail and sweep_file take them in once
outgoing, layout      A-Z or changes only, in our layout or the carrier's own
queries   what pages and programs read; grids page over Arrow files; exports write CSV and XLSX
forms, views, api, api_desk, cli, cli_desk, jobs   the ways in; each authorises, calls a verb, commits once

News travels upward as the jobs `snapshot.build`, `market.build` and `rate.notify`, enqueued by name.
"""
