"""Offers compared and bought: the Arrow market snapshot, browser, compare, purchases."""
