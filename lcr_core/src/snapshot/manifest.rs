//! snapshots/<id>/manifest.json: which files make this snapshot, and their checksums.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    pub id: String,
    pub created_at_us: i64,
    pub index: String,
    /// The complete index below `index`, where that is a patch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_index: Option<String>,
    pub access: String,
    pub access_sha256: String,
    pub epoch_from_us: i64,
    pub epoch_until_us: Option<i64>,
    pub offers: usize,
    pub rates: usize,
    pub codes: usize,
    /// Index files of the rate cards.
    pub card_indexes: Vec<String>,
}

pub const FORMAT: u32 = 1;
pub const ACCESS_FILE: &str = "access.json";
