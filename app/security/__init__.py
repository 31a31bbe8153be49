"""Who is asking: users, roles, permissions, API keys. Flask-Security does passwords, sessions, TOTP."""
