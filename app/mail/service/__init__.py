"""Verbs: write_mail, send_mail."""
