//! Errors of the core, one enum per stage; `code()` is the stable identifier that crosses every border.

/// A snapshot or index could not be opened, checked or published.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("{path}: {why}")]
    Io { path: String, why: String },
    #[error("no snapshot is published below {root}: publish one first")]
    NothingPublished { root: String },
    #[error("snapshot id {id:?} is not a valid name")]
    BadId { id: String },
    #[error("{file}: section {section} is damaged: {why}; the snapshot is refused whole")]
    Damaged {
        file: String,
        section: String,
        why: String,
    },
    #[error("{file}: {why}")]
    Invalid { file: String, why: String },
    #[error("access: {why}")]
    Access { why: String },
}

impl SnapshotError {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "snapshot_io",
            Self::NothingPublished { .. } => "nothing_published",
            Self::BadId { .. } => "snapshot_id",
            Self::Damaged { .. } => "snapshot_damaged",
            Self::Invalid { .. } => "snapshot_invalid",
            Self::Access { .. } => "access_invalid",
        }
    }
}

/// An index could not be compiled. Row numbers count from 0 within the offer's timeline.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("offer {offer}, row {row}, column {column}: {value:?} {why}")]
    Row {
        offer: i64,
        row: usize,
        column: &'static str,
        value: String,
        why: &'static str,
    },
    #[error("offer {offer}, column {column}: {why}")]
    Column {
        offer: i64,
        column: &'static str,
        why: String,
    },
    #[error(
        "offer {offer}: code {code} has two rows that overlap in time (rows {first} and {second}): end the first before the second begins"
    )]
    Overlap {
        offer: i64,
        code: String,
        first: usize,
        second: usize,
    },
    #[error("{0}")]
    Config(String),
    #[error("{0}")]
    Limit(String),
    /// A patch does not fit its base; a complete build does.
    #[error("{0}: build the index anew")]
    Stale(String),
    #[error("the build was cancelled")]
    Cancelled,
    #[error("{path}: {why}")]
    Io { path: String, why: String },
}

impl BuildError {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Row { .. } => "row_invalid",
            Self::Column { .. } => "column_invalid",
            Self::Overlap { .. } => "overlap",
            Self::Config(_) => "build_config",
            Self::Limit(_) => "build_limit",
            Self::Stale(_) => "patch_stale",
            Self::Cancelled => "cancelled",
            Self::Io { .. } => "build_io",
        }
    }
}

/// A question that cannot be asked; a refused route is never an error but a verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    #[error("{field}: {value:?} is not a number of 1 to 15 digits")]
    Number { field: &'static str, value: String },
    #[error("trunk {0} is unknown in this snapshot")]
    UnknownTrunk(i64),
    #[error("trunk {0} is switched off")]
    TrunkDisabled(i64),
    #[error("offer {0} is unknown in this snapshot")]
    UnknownOffer(i64),
    #[error("{0}")]
    Malformed(String),
    #[error("the index is inconsistent at code {0}: build it anew")]
    Inconsistent(String),
}

impl QueryError {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Number { .. } => "bad_number",
            Self::UnknownTrunk(_) => "unknown_trunk",
            Self::TrunkDisabled(_) => "trunk_disabled",
            Self::UnknownOffer(_) => "unknown_offer",
            Self::Malformed(_) => "bad_query",
            Self::Inconsistent(_) => "index_inconsistent",
        }
    }
}
