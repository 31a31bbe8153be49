"""Months of agreements: what is owed for the calls as the terms say, and whether the promised quality was kept."""
