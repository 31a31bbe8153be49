"""Bytes → raw cells. Every cell stays a string; row numbers are those the sender's spreadsheet shows."""
