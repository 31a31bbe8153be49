"""One frozen `Settings`, read once: flag > environment TANDEM_SECTION__KEY > tandem.toml > default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

DECIMAL = r"^[0-9]{1,9}(\.[0-9]{1,9})?$"


class Web(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 2
    threads: int = 8
    secret_key: str = ""  # empty: made once and kept in the data directory
    password_salt: str = ""
    max_upload_bytes: int = 200 * 1024 * 1024
    trusted_proxies: int = 0
    public_url: str = ""  # address people reach the pages at, for links in mails; empty: http://host:port
    secure_cookies: bool = False  # true behind HTTPS
    sign_ins_per_minute: int = 10  # per source address and web process
    wrong_sign_ins_per_account: int = 20  # in ten minutes, from wherever they come, per web process
    password_time_cost: int = 3  # argon2id passes
    password_memory_kib: int = 65536
    papers_url: str = ""  # store of companies' papers, for example s3://bucket/papers; empty: data directory
    clamd: str = ""  # host:port or socket path of a clamd that scans papers; empty: they are not scanned
    breached_passwords: str = (
        ""  # file of breached passwords' SHA-1 in ascending order, as haveibeenpwned.com gives it
    )
    two_factor_required: bool = True  # roles that trade or publish set up a second factor first
    two_factor_everyone: bool = False  # and all other roles too
    session_hours: int = 12  # a sign-in ends after this, whatever happens
    session_idle_minutes: int = 120  # and after this without a request


class Edge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    port: int = 8090
    threads: int = 2
    max_connections: int = 4096
    max_in_flight: int = 1024
    drain_seconds: int = 20
    trusted_proxies: tuple[str, ...] = ()  # networks whose X-Forwarded-For is believed; "unix" for the socket
    metrics_from: tuple[str, ...] = ("127.0.0.0/8", "::1", "unix")
    unix_socket: str = ""
    rate_limit_per_key_per_s: int = 0  # 0: no limit
    come_first: bool = (
        True  # event loops in the real-time class while they are not busy, where the system allows it
    )
    batch_max_rows: int = 10_000
    lrn_dip_url: str = ""  # http://host/path?{number}: where LRNs are asked for; empty: nowhere
    lrn_dip_deadline_ms: int = 50
    lrn_dip_ttl_seconds: int = 3600
    lrn_dip_negative_ttl_seconds: int = 600
    lrn_dip_max_entries: int = 500_000
    lrn_dip_max_concurrent: int = 64
    lrn_dip_prefixes: tuple[str, ...] = ("1",)
    lrn_dip_field: str = "lrn"
    lrn_dip_authorization: str = ""
    lrn_dip_ca: str = ""  # PEM file, of an https address
    tls_certificate: str = ""  # PEM file with the chain; empty: no TLS listener
    tls_key: str = ""
    tls_client_ca: str = ""  # PEM file: only clients with a certificate of this CA are served
    tls_host: str = ""  # empty: as host
    tls_port: int = 8453
    tls_handshake_timeout_ms: int = 5000
    tls_max_handshakes: int = 256
    control_token: str = (
        ""  # the worker's key for /v1/control; empty: made once and kept in the data directory
    )


class Database(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str = ""  # empty: SQLite in the data directory


class Jobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str = ""  # empty: SQLite file of its own in the data directory
    executor_id: str = "worker-1"  # fixed: after a crash the same name takes up its jobs again
    concurrency: int = 2
    deck_memory_bytes: int = 2 * 1024**3
    deck_cpu_seconds: int = 300


class Mail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mail out (SMTP) and decks by mail (IMAP); a part without host is off. Security: none | starttls | tls."""

    sender: str = "rates@localhost"
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_user: str = ""
    smtp_password: str = ""
    imap_host: str = ""
    imap_port: int = 993
    imap_security: str = "tls"
    imap_user: str = ""
    imap_password: str = ""
    imap_folder: str = "INBOX"
    poll_seconds: int = 60
    timeout_seconds: int = 20
    max_message_bytes: int = 64 * 1024 * 1024


class Hooks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Webhooks to companies' own servers; only the public internet is called but for `allowed_networks`."""

    allowed_networks: tuple[str, ...] = ()
    timeout_seconds: float = 5.0


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decks laid into a folder: FOLDER/<carrier>/<product>/file. Empty: off."""

    folder: str = ""
    stable_seconds: float = 5.0  # a file whose size and time stood still this long is whole
    poll_seconds: float = 2.0


class Sip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Test calls and redirects of the edge (docs/sip.md); without a listener it speaks no SIP."""

    listen: tuple[str, ...] = ()  # udp://203.0.113.9:5060, tcp://[2001:db8::9]:5060, tls://0.0.0.0:5061
    public_ipv4: str = ""  # how others reach a listener on 0.0.0.0, and where they send media
    public_ipv6: str = ""
    media_first: Annotated[int, msgspec.Meta(ge=1024, le=65_000)] = 20_000
    media_last: Annotated[int, msgspec.Meta(ge=1024, le=65_535)] = 29_999
    allow: tuple[str, ...] = ()  # further peers than the trunks and products of the snapshot
    workers: Annotated[int, msgspec.Meta(ge=1, le=16)] = 2
    max_calls: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1000
    max_orders: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    packets_per_s: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 4000  # of one source
    learn: Annotated[str, msgspec.Meta(pattern="^(never|same_host|any)$")] = (
        "same_host"  # media from behind NAT
    )
    tls_certificate: str = ""
    tls_key: str = ""
    tls_ca: str = ""  # CA of the peers we call by TLS
    identity_key: str = ""  # PKCS#8 key ordered calls are signed with (STIR)
    identity_x5u: str = ""  # https address of its certificate
    identity_certificate: str = ""
    identity_roots: str = ""
    identity_fetch_from: tuple[str, ...] = ()  # hosts or .domains that others' certificates are fetched from
    identity_fetch_ca: str = ""  # authorities of those hosts; else the system's


class Calls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Test calls. Money is of the base currency, as decimal text."""

    day_cap: Annotated[str, msgspec.Meta(pattern=DECIMAL)] = (
        "5"  # a company and UTC day, unless the operator sets another
    )
    dear_rate: Annotated[str, msgspec.Meta(pattern=DECIMAL)] = (
        "0.5"  # a minute; what is dearer the operator opens first
    )
    max_seconds: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 120  # talk time of one call
    max_at_once: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 8  # a company
    feed_routing: bool = True  # judged test calls count in the edge's view of how a product goes now
    keep_days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 180  # recordings and packets
    evidence_key: str = ""  # what results are signed with; empty: made once and kept in the data directory
    ticket_key: str = ""  # what passwords of tickets are made from; likewise


class Privacy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long call records keep whole numbers."""

    call_months: Annotated[int, msgspec.Meta(ge=1, le=24)] = 6


class Lcr(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    base_currency: str = "USD"
    reference_seconds: int = 180
    max_seconds: int = 3600
    history_days: int = 120
    patch_from_rates: int = 250_000  # smaller indexes are always compiled whole: that takes no longer
    closed_codes: tuple[str, ...] = ("870", "881", "882", "883", "979")


def with_driver(url: str) -> str:
    """`postgres://` and `postgresql://` mean psycopg 3, the only driver that is installed."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if separator and scheme in ("postgres", "postgresql") else url


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be configured. Directories below `data_dir` are made on first use."""

    data_dir: str = "var"
    demo: bool = False  # shows the demo accounts on the sign-in page and lets them in without a second factor
    log_level: str = "info"
    web: Web = msgspec.field(default_factory=Web)
    edge: Edge = msgspec.field(default_factory=Edge)
    database: Database = msgspec.field(default_factory=Database)
    jobs: Jobs = msgspec.field(default_factory=Jobs)
    lcr: Lcr = msgspec.field(default_factory=Lcr)
    mail: Mail = msgspec.field(default_factory=Mail)
    watch: Watch = msgspec.field(default_factory=Watch)
    hooks: Hooks = msgspec.field(default_factory=Hooks)
    calls: Calls = msgspec.field(default_factory=Calls)
    sip: Sip = msgspec.field(default_factory=Sip)
    privacy: Privacy = msgspec.field(default_factory=Privacy)

    @property
    def root(self) -> Path:
        return Path(self.data_dir).resolve()

    @property
    def database_url(self) -> str:
        return with_driver(self.database.url) or f"sqlite:///{self.root / 'tandem.sqlite'}"

    @property
    def jobs_url(self) -> str:
        return with_driver(self.jobs.url) or f"sqlite:///{self.root / 'jobs.sqlite'}"

    @property
    def store_dir(self) -> Path:
        """Content-addressed Arrow files (rates.store)."""
        return self.root / "store"

    @property
    def files_dir(self) -> Path:
        """Received bytes, by sha256."""
        return self.root / "files"

    @property
    def papers_dir(self) -> Path:
        """Companies' documents, by sha256; read by their owners and the operator only."""
        return self.root / "papers"

    @property
    def calls_dir(self) -> Path:
        """The edge's record log of test calls and its fresh recordings (docs/test-calls.md)."""
        return self.root / "calls"

    @property
    def evidence_dir(self) -> Path:
        """Audio and packets of test calls, by sha256."""
        return self.root / "evidence"

    @property
    def snapshot_dir(self) -> Path:
        """What the core reads: indexes/, snapshots/, CURRENT."""
        return self.root / "lcr"

    @property
    def market_dir(self) -> Path:
        """The Arrow market snapshot that the browser pages read."""
        return self.root / "market"
