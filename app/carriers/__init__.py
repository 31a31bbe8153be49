"""Companies and what they connect and sell: products, vendor trunks, customer trunks."""
