"""Rate decks on their way in: received, checked in a jailed child, reviewed, approved, kept as versions."""
