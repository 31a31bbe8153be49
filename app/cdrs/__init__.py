"""Call records: imported, rated on both sides, summed up; what they say is passed down to decks, routing and quality.

models      imports, records, quarantine, sums by day
service     receive_file · import_calls · settle_quarantine
names       what a record calls a trunk or a product → ours
sums        day × buyer × product × code, and what the lower floors are told
queries     lists and totals, by company
views, api, cli, jobs
"""
