"""Snapshots for the core: compile from timelines and the database, publish, simulate."""
