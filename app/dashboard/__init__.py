"""The first page of each role, and the operator's health page: reads over all domains, no state of its own."""
