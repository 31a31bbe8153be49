"""Who did what: one hash-chained event in the same transaction as each change of state.

`from app.audit.record import record`, `from app.audit.verify import verify_chain`.
"""
