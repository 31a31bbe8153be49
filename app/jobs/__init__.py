"""Durable jobs behind one page of ours: `enqueue`, `progress`, `cancel`; DBOS runs and resumes them."""
