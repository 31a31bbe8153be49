"""The shell of the pages: layout, macros, errors, security headers, static bundles, idempotency."""
