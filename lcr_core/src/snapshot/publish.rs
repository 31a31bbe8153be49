//! Index files under names made of their content; snapshots switched by the rename of CURRENT.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::manifest::{self, ACCESS_FILE, Manifest};
use super::next::Next;
use super::{Snapshot, UserFiles, files, open_index};
use crate::access::Access;
use crate::error::{BuildError, SnapshotError};
use crate::index::build::Compiled;
use crate::index::container::{self, hex, sha256};

/// What came out of a build.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct IndexFacts {
    pub index: String,
    /// The complete index below a patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    pub rates: usize,
    pub codes: usize,
    pub epoch_from_us: i64,
    pub epoch_until_us: Option<i64>,
}

/// Writes sections below `root/indexes` under a name made of their content; returns the name.
pub fn write_file(root: &Path, sections: &[container::Section]) -> Result<String, BuildError> {
    let written = files::write_named(&root.join("indexes"), |out| {
        container::write(sections, out).map(|sum| format!("{}.lcx", hex(&sum)))
    });
    let path = written.map_err(|e| BuildError::Io {
        path: root.display().to_string(),
        why: e.to_string(),
    })?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
    Ok(name.unwrap_or_default())
}

/// Writes a compiled index below `root/indexes`; the same content has the same name.
pub fn write_index(
    root: &Path,
    compiled: &Compiled,
    epoch_from_us: i64,
) -> Result<IndexFacts, BuildError> {
    let index = write_file(root, &compiled.sections)?;
    let Compiled {
        rates,
        codes,
        epoch_until_us,
        ..
    } = *compiled;
    Ok(IndexFacts {
        index,
        base: compiled.base.clone(),
        rates,
        codes,
        epoch_from_us,
        epoch_until_us,
    })
}

/// Checks access against the index, writes both names into a new snapshot, then switches CURRENT. Returns the id.
/// The same index, access and instant give the same id; publishing it again changes nothing.
pub fn publish(
    root: &Path,
    index: &str,
    access_json: &str,
    created_at_us: i64,
) -> Result<String, SnapshotError> {
    let id = store(root, index, access_json, created_at_us)?;
    files::write_atomically(&root.join("CURRENT"), format!("{id}\n").as_bytes())?;
    Ok(id)
}

/// The same for later: readers take it at `at_us`, unless another is published before. Needs a snapshot in CURRENT.
pub fn publish_next(
    root: &Path,
    index: &str,
    access_json: &str,
    created_at_us: i64,
    at_us: i64,
) -> Result<String, SnapshotError> {
    let after = Snapshot::current_id(root)?;
    let id = store(root, index, access_json, created_at_us)?;
    let next = Next {
        id: id.clone(),
        at_us,
        after,
    };
    next.write(root)?;
    Ok(id)
}

/// Writes the folder of a snapshot.
fn store(
    root: &Path,
    index: &str,
    access_json: &str,
    created_at_us: i64,
) -> Result<String, SnapshotError> {
    let access =
        Access::parse(access_json.as_bytes()).map_err(|why| SnapshotError::Access { why })?;
    let opened = Arc::new(open_index(root, index, None)?);
    let mut indexes = BTreeMap::from([(index.to_owned(), Arc::clone(&opened))]);
    for name in access.cards.values() {
        if !indexes.contains_key(name) {
            indexes.insert(name.clone(), Arc::new(open_index(root, name, None)?));
        }
    }
    let access_sha256 = hex(&sha256(access_json.as_bytes()));
    let id = manifest::id_of(index, &access_sha256, created_at_us);
    let manifest = Manifest::of(&opened, &access, access_sha256, created_at_us);
    let json = serde_json::to_vec_pretty(&manifest).map_err(|e| SnapshotError::Invalid {
        file: id.clone(),
        why: e.to_string(),
    })?;
    let files = UserFiles::open(root, &access)?;
    Snapshot::assemble(manifest, access, opened, &indexes, &files)?;
    let dir = root.join("snapshots").join(&id);
    files::write_atomically(&dir.join(ACCESS_FILE), access_json.as_bytes())?;
    files::write_atomically(&dir.join("manifest.json"), &json)?;
    Ok(id)
}
