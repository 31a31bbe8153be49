"""Money between partners, pure and exact: integer nanos, instants in microseconds, zones only where an agreement names one.

tariff     what a deck or rate card asks for one call at its instant, by the core's own match
rate       a call record on both sides, by the core's own arithmetic
exact      the one place of this package that rounds
tiers      volume steps, each at its own rate or all at the reached one
period     invoice periods in the agreement's zone · invoice: lines, and where a late record goes
credit     exposure and atomic reservations · netting: a carrier that sells and buys
reconcile  two sides' records matched one to one, every difference explained
fees       short-call fee · fraud: a cap on money in an hour
"""
