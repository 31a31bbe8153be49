//! snapshots/<id>/manifest.json: which files make this snapshot, and their checksums.

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::index::Index;
use crate::index::container::{hex, sha256};

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

/// The name of a snapshot: its instant, and a checksum of what the manifest points at.
pub fn id_of(index: &str, access_sha256: &str, created_at_us: i64) -> String {
    let sum = hex(&sha256(
        format!("{index} {access_sha256} {created_at_us}").as_bytes(),
    ));
    let stamp: String = crate::time::instant_to_string(created_at_us)
        .chars()
        .take(19)
        .filter(char::is_ascii_digit)
        .collect();
    format!("{stamp}-{}", &sum[..16])
}

impl Manifest {
    /// What the manifest of these parts says; a manifest that says anything else is damaged.
    pub fn of(index: &Index, access: &Access, access_sha256: String, created_at_us: i64) -> Self {
        let mut card_indexes: Vec<String> = access.cards.values().cloned().collect();
        card_indexes.sort();
        card_indexes.dedup();
        Self {
            format: FORMAT,
            id: id_of(index.file(), &access_sha256, created_at_us),
            created_at_us,
            index: index.file().to_owned(),
            base_index: index.is_patched().then(|| index.base_file().to_owned()),
            access: ACCESS_FILE.to_owned(),
            access_sha256,
            epoch_from_us: index.meta.epoch_from_us,
            epoch_until_us: index.meta.epoch_until_us,
            offers: access.offers.len(),
            rates: index.rate_count(),
            codes: index.code_count(),
            card_indexes,
        }
    }
}
