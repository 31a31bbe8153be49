"""Demo data: our own, seeded, the same on every machine. Top of the house, beside reports.

numbering   real dial codes of the world out of the numbering metadata of `phonenumbers`
prices      a price for every destination: integer nanos, by kind of number and region
companies   who trades: carriers, buyers, the operator, their products, trunks and people
history     90 days of decks of one product, as the states of its timeline
accounts, catalogue, quality, trading    rows of the database
load        all of it, in order, with progress; a second run does nothing
samples     untidy decks for a person to upload
"""
