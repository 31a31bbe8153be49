"""What companies agree on: requests for quotes, offers and counter-offers, signed agreements; a signed one drives purchases."""
