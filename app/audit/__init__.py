"""Who did what: one hash-chained event in the same transaction as each change of state."""
