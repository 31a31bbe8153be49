"""The first page of each role, jobs, audit, health: reads over all domains, no state of its own."""
