"""The link in a rate notice's mail: whoever holds it may read the summary and acknowledge, without signing in."""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeSerializer

from app.config import Settings
from app.errors import NotFound
from app.security.setup import kept_secret

SALT = "rate-notice"


def link_of(settings: Settings, notice_id: int, recipient: str) -> str:
    """Absolute address for one recipient. It acts only on a click on the page: mail scanners that follow links change nothing."""
    base = settings.web.public_url.rstrip("/") or f"http://{settings.web.host}:{settings.web.port}"
    return f"{base}/rate-notices/mail/{_signer(settings).dumps([notice_id, recipient])}"


def read_link(settings: Settings, token: str) -> tuple[int, str]:
    """(notice, recipient). Raises NotFound for a link that is not ours."""
    try:
        notice_id, recipient = _signer(settings).loads(token)
    except (BadSignature, ValueError, TypeError) as fault:
        raise NotFound(
            "This link is not complete.", hint="Copy it whole from the mail, or sign in."
        ) from fault
    return int(notice_id), str(recipient)


def _signer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(kept_secret(settings, "secret_key", settings.web.secret_key), salt=SALT)
