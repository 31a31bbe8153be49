//! Writing whole or not at all: temporary name, fsync, rename, fsync of the directory.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::SnapshotError;

pub fn io(path: &Path, error: &std::io::Error) -> SnapshotError {
    SnapshotError::Io {
        path: path.display().to_string(),
        why: error.to_string(),
    }
}

/// A name no other writer of this machine uses at the same time.
fn temporary(dir: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    dir.join(format!(
        ".tmp-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    ))
}

/// Writes with `fill`, then renames to the name it returns.
pub fn write_named(
    dir: &Path,
    fill: impl FnOnce(&mut dyn Write) -> std::io::Result<String>,
) -> Result<PathBuf, SnapshotError> {
    fs::create_dir_all(dir).map_err(|e| io(dir, &e))?;
    let temporary = temporary(dir);
    let written = (|| {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)?;
        let mut out = std::io::BufWriter::with_capacity(1 << 20, file);
        let name = fill(&mut out)?;
        out.flush()?;
        out.get_ref().sync_all()?;
        forget(out.get_ref());
        let path = dir.join(name);
        fs::rename(&temporary, &path)?;
        sync_dir(dir)?;
        Ok(path)
    })();
    written.map_err(|e| {
        let _ = fs::remove_file(&temporary);
        io(dir, &e)
    })
}

/// Files from here on are worth reading again.
#[cfg(target_os = "linux")]
const LARGE: u64 = 16 << 20;

/// Lets the system forget what it remembers of a large file just written: that lies in small pages, while a mapping that asks
/// for large ones (`Container::open`) brings them in as it reads, and questions then miss fewer address translations. A hint.
#[cfg(target_os = "linux")]
fn forget(file: &File) {
    if file.metadata().is_ok_and(|data| data.len() >= LARGE) {
        let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
    }
}

#[cfg(not(target_os = "linux"))]
fn forget(_: &File) {}

pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), SnapshotError> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(SnapshotError::Io {
            path: path.display().to_string(),
            why: "not a file name".to_owned(),
        });
    };
    let name = name.to_string_lossy().into_owned();
    write_named(dir, |out| out.write_all(bytes).map(|()| name)).map(|_| ())
}

fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

pub fn read(path: &Path) -> Result<Vec<u8>, SnapshotError> {
    fs::read(path).map_err(|e| io(path, &e))
}
