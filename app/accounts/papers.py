"""Bytes of companies' papers: one immutable object by SHA-256 in a folder or any store that pyarrow.fs opens (S3 …)."""

from __future__ import annotations

import hashlib
import re
import uuid
from pathlib import Path

from pyarrow import fs

from app.errors import Invalid, TooLarge

LARGEST = 10 * 2**20
MOST = 30  # papers of one company

KINDS: dict[str, str] = {
    "registration": "Certificate of incorporation or register extract",
    "licence": "Telecom licence or notification",
    "tax": "Tax or VAT certificate",
    "ownership": "Owners and directors",
    "identity": "Identity of a director",
    "bank": "Bank reference",
    "other": "Other",
}

# First bytes -> type and the ending its name gets. What a name or a browser claims is not believed.
SIGNS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
)


def type_of(content: bytes) -> tuple[str, str]:
    """(media type, ending) by content. Raises Invalid for anything but PDF, PNG and JPEG."""
    for sign, media_type, ending in SIGNS:
        if content.startswith(sign):
            return media_type, ending
    raise Invalid(
        "This is not a PDF, a PNG or a JPEG.", hint="Export the document as PDF, or take a picture of it."
    )


def checked(content: bytes) -> bytes:
    """The bytes. Raises Invalid when empty, TooLarge above the limit."""
    if not content:
        raise Invalid("The file is empty.", hint="Choose the file again.")
    if len(content) > LARGEST:
        raise TooLarge(
            f"The file is larger than {LARGEST // 2**20} MiB.", hint="Scan it with fewer dots per inch."
        )
    return content


def safe_name(name: str, ending: str) -> str:
    """The name without path, control characters and foreign ending; it goes into a header of the download."""
    stem = re.split(r"[\\/]", name)[-1].rpartition(".")[0] or re.split(r"[\\/]", name)[-1]
    plain = re.sub(r"[^\w .()-]+", "_", stem).strip(" .")[:150] or "document"
    return plain + ending


class PaperStore:
    """`url`: `s3://bucket/folder?region=…` or a local folder, which is made."""

    def __init__(self, url: str, folder: Path) -> None:
        if url:
            self._files, self._root = fs.FileSystem.from_uri(url)
        else:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._files, self._root = fs.LocalFileSystem(), str(folder)

    def put(self, content: bytes) -> str:
        """The SHA-256 under which the bytes stand; written aside first, so that no half object has a name."""
        digest = hashlib.sha256(content).hexdigest()
        self._files.create_dir(f"{self._root}/{digest[:2]}", recursive=True)
        aside = f"{self._root}/{digest[:2]}/.{uuid.uuid4().hex}"
        with self._files.open_output_stream(aside) as out:
            out.write(content)
        self._files.move(aside, self._path(digest))
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes, checked against their name. Raises FileNotFoundError, ValueError when they were altered."""
        with self._files.open_input_stream(self._path(digest)) as stream:
            content = bytes(stream.read())
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"the object {digest} does not hold the bytes it was named by")
        return content

    def drop(self, digest: str) -> None:
        self._files.delete_file(self._path(digest))

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"
