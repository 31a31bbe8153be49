//! What the mapped files of a user's own have in common: a meta section of their kind, and faults that name the section.

use serde::de::DeserializeOwned;

use crate::error::SnapshotError;
use crate::index::container::Container;

pub fn damaged(container: &Container, section: &str, why: &str) -> SnapshotError {
    SnapshotError::Damaged {
        file: container.file().to_owned(),
        section: section.to_owned(),
        why: why.to_owned(),
    }
}

/// The meta of a file that `is_ours`; else `why` it is none.
pub fn meta<M: DeserializeOwned>(
    container: &Container,
    is_ours: impl Fn(&M) -> bool,
    why: &str,
) -> Result<M, SnapshotError> {
    let span = container.section::<u8>("meta")?;
    serde_json::from_slice(container.slice(&span))
        .ok()
        .filter(is_ours)
        .ok_or_else(|| damaged(container, "meta", why))
}
