//! NEXT beside CURRENT: a snapshot made ahead of an instant at which rates change by themselves. Whoever reads the two
//! files gets the same answer at the same instant, without anybody writing at that instant.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Snapshot, files};
use crate::error::SnapshotError;

const FILE: &str = "NEXT";
const CURRENT: &str = "CURRENT";
/// A longer file is not one of ours.
const MOST_BYTES: u64 = 4096;

/// Takes over from `after` at `at_us`; once CURRENT names another snapshot than `after` it means nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    pub id: String,
    pub at_us: i64,
    pub after: String,
}

impl Next {
    /// The one announced behind CURRENT; `None` without one, or when CURRENT has changed since.
    pub fn read(root: &Path, current: &str) -> Option<Self> {
        let mut text = String::new();
        let file = std::fs::File::open(root.join(FILE)).ok()?;
        file.take(MOST_BYTES).read_to_string(&mut text).ok()?;
        let next: Self = serde_json::from_str(&text).ok()?;
        (next.after == current && next.id != current).then_some(next)
    }

    /// Announces it; what was announced before is forgotten.
    pub fn write(&self, root: &Path) -> Result<(), SnapshotError> {
        let json = serde_json::to_vec(self).map_err(|e| SnapshotError::Invalid {
            file: FILE.to_owned(),
            why: e.to_string(),
        })?;
        files::write_atomically(&root.join(FILE), &json)
    }
}

/// The snapshot in force at `now_us`: the announced one from its instant on, else the one in CURRENT.
pub fn in_force(root: &Path, now_us: i64) -> Result<String, SnapshotError> {
    let current = Snapshot::current_id(root)?;
    Ok(match Next::read(root, &current) {
        Some(next) if next.at_us <= now_us => next.id,
        _ => current,
    })
}

/// Writes into CURRENT what is in force at `now_us`; the id when that changed it.
pub fn promote(root: &Path, now_us: i64) -> Result<Option<String>, SnapshotError> {
    let current = Snapshot::current_id(root)?;
    let Some(next) = Next::read(root, &current).filter(|next| next.at_us <= now_us) else {
        return Ok(None);
    };
    files::write_atomically(&root.join(CURRENT), format!("{}\n", next.id).as_bytes())?;
    Ok(Some(next.id))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_announced_snapshot_takes_over_at_its_instant_unless_another_was_published() {
        let root = std::env::temp_dir().join(format!("tandem-next-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let current = |id: &str| files::write_atomically(&root.join(CURRENT), id.as_bytes());
        current("a\n").unwrap();
        assert_eq!(in_force(&root, 100).unwrap(), "a");
        let next = Next {
            id: "b".to_owned(),
            at_us: 50,
            after: "a".to_owned(),
        };
        next.write(&root).unwrap();
        assert_eq!(in_force(&root, 49).unwrap(), "a");
        assert_eq!(in_force(&root, 50).unwrap(), "b");
        assert_eq!(promote(&root, 49).unwrap(), None);
        current("c\n").unwrap();
        assert_eq!(in_force(&root, 50).unwrap(), "c");
        current("a\n").unwrap();
        assert_eq!(promote(&root, 50).unwrap().as_deref(), Some("b"));
        assert_eq!(in_force(&root, 0).unwrap(), "b");
        assert_eq!(promote(&root, 50).unwrap(), None);
        std::fs::write(root.join(FILE), "{").unwrap();
        assert_eq!(in_force(&root, 50).unwrap(), "b");
        std::fs::remove_dir_all(&root).unwrap();
    }
}
