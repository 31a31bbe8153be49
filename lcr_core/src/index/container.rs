//! The file: header, section table, 64-byte aligned little-endian arrays, every section with its sha256.
//! Written once under a name made of its content, then mapped read-only by every process.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use bytemuck::Pod;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::layout::Line;
use crate::error::SnapshotError;

#[cfg(target_endian = "big")]
compile_error!(
    "index files are little-endian arrays read in place; big-endian machines are not supported"
);

const MAGIC: [u8; 8] = *b"LCXINDEX";
pub const FORMAT_VERSION: u32 = 4;
const HEADER_BYTES: usize = 64;
const ENTRY_BYTES: usize = 80;
const ALIGN: usize = 64;
const MAX_SECTIONS: usize = 64;

/// One array to be written: name (≤ 16 bytes), size of an element, its bytes in one or more parts.
pub struct Section {
    pub name: &'static str,
    pub element_bytes: u32,
    parts: Vec<Box<dyn AsRef<[u8]> + Send + Sync>>,
}

/// A typed array as bytes, without a copy.
struct Items<T>(Vec<T>);

impl<T: Pod> AsRef<[u8]> for Items<T> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

impl Section {
    /// A copy of `items`.
    pub fn new<T: Pod + Send + Sync>(name: &'static str, items: &[T]) -> Self {
        Self::of(name, vec![items.to_vec()])
    }

    /// The parts one behind the other.
    pub fn of<T: Pod + Send + Sync>(name: &'static str, parts: Vec<Vec<T>>) -> Self {
        let parts = parts
            .into_iter()
            .map(|part| Box::new(Items(part)) as Box<dyn AsRef<[u8]> + Send + Sync>)
            .collect();
        Self {
            name,
            element_bytes: size_of::<T>() as u32,
            parts,
        }
    }

    pub fn len(&self) -> usize {
        self.parts.iter().map(|p| p.as_ref().as_ref().len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().map(|p| p.as_ref().as_ref())
    }
}

/// Bytes of a section that one hash covers.
const CHUNK: usize = 1 << 20;

/// The checksum of a section: the sha256 of the sha256 of each MiB of it, so that all cores can work on it.
pub fn section_sum(bytes: &[u8]) -> [u8; 32] {
    let sums: Vec<[u8; 32]> = bytes.par_chunks(CHUNK).map(sha256).collect();
    sha256(sums.as_flattened())
}

/// The same over parts, whose borders need not be those of the chunks.
fn sum_of_parts(section: &Section) -> [u8; 32] {
    let mut chunks: Vec<Vec<&[u8]>> = Vec::new();
    let mut room = 0usize;
    for mut part in section.parts() {
        while !part.is_empty() {
            if room == 0 {
                chunks.push(Vec::new());
                room = CHUNK;
            }
            let (now, rest) = part.split_at(part.len().min(room));
            if let Some(chunk) = chunks.last_mut() {
                chunk.push(now);
            }
            room -= now.len();
            part = rest;
        }
    }
    let sums: Vec<[u8; 32]> = chunks
        .par_iter()
        .map(|pieces| {
            let mut hasher = Sha256::new();
            pieces.iter().for_each(|piece| hasher.update(piece));
            hasher.finalize().into()
        })
        .collect();
    sha256(sums.as_flattened())
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// Writes the container to `out`; returns the sha256 over header and table, which covers every section through its own.
pub fn write(sections: &[Section], mut out: impl Write) -> std::io::Result<[u8; 32]> {
    let sums: Vec<[u8; 32]> = sections.iter().map(sum_of_parts).collect();
    let mut offset = (HEADER_BYTES + sections.len() * ENTRY_BYTES).next_multiple_of(ALIGN);
    let mut table = Vec::with_capacity(sections.len() * ENTRY_BYTES);
    let mut offsets = Vec::with_capacity(sections.len());
    for (section, sum) in sections.iter().zip(&sums) {
        let mut name = [0u8; 16];
        let len = section.name.len().min(16);
        name[..len].copy_from_slice(&section.name.as_bytes()[..len]);
        table.extend_from_slice(&name);
        table.extend_from_slice(&section.element_bytes.to_le_bytes());
        table.extend_from_slice(&[0u8; 4]);
        table.extend_from_slice(&(offset as u64).to_le_bytes());
        table.extend_from_slice(&(section.len() as u64).to_le_bytes());
        table.extend_from_slice(sum);
        table.extend_from_slice(&[0u8; 8]);
        offsets.push(offset);
        offset = (offset + section.len()).next_multiple_of(ALIGN);
    }
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    header.extend_from_slice(&(sections.len() as u32).to_le_bytes());
    header.extend_from_slice(&(offset as u64).to_le_bytes());
    let mut hasher = Sha256::new();
    hasher.update(&header);
    hasher.update(&table);
    let sum: [u8; 32] = hasher.finalize().into();
    header.extend_from_slice(&sum);
    header.extend_from_slice(&[0u8; 8]);
    out.write_all(&header)?;
    out.write_all(&table)?;
    let mut written = header.len() + table.len();
    for (section, at) in sections.iter().zip(offsets) {
        out.write_all(&vec![0u8; at - written])?;
        section.parts().try_for_each(|part| out.write_all(part))?;
        written = at + section.len();
    }
    out.write_all(&vec![0u8; offset - written])?;
    Ok(sum)
}

enum Backing {
    Mapped(memmap2::Mmap),
    Heap { words: Vec<Line>, len: usize },
}

impl Backing {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Heap { words, len } => bytemuck::cast_slice::<_, u8>(words)
                .get(..*len)
                .unwrap_or(&[]),
        }
    }
}

struct Entry {
    name: String,
    element_bytes: usize,
    start: usize,
    end: usize,
}

/// An opened container: magic, version, sizes and all checksums have been verified.
pub struct Container {
    backing: Backing,
    entries: Vec<Entry>,
    file: String,
}

impl Container {
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        Self::open_parts(path, None)
    }

    /// The same with the checksums of these sections only; the others must not be relied upon.
    pub fn open_parts(path: &Path, only: Option<&[&str]>) -> Result<Self, SnapshotError> {
        let shown = path.file_name().map_or_else(
            || path.display().to_string(),
            |n| n.to_string_lossy().into_owned(),
        );
        let io = |error: std::io::Error| SnapshotError::Io {
            path: path.display().to_string(),
            why: error.to_string(),
        };
        let file = File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.len() == 0 {
            return Err(SnapshotError::Damaged {
                file: shown,
                section: "header".to_owned(),
                why: "the file is empty".to_owned(),
            });
        }
        // SAFETY: index files are content-addressed and never written again after the rename that published them.
        #[allow(unsafe_code)]
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(io)?;
        // Where the file system keeps large pages, fewer address translations are missed; a refusal costs nothing.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Self::check(Backing::Mapped(map), shown, only)
    }

    /// The same checks over bytes in memory.
    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self, SnapshotError> {
        let mut words = vec![Line([0; 8]); bytes.len().div_ceil(ALIGN)];
        bytemuck::cast_slice_mut::<_, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self::check(
            Backing::Heap {
                words,
                len: bytes.len(),
            },
            file.to_owned(),
            None,
        )
    }

    fn check(backing: Backing, file: String, only: Option<&[&str]>) -> Result<Self, SnapshotError> {
        let bytes = backing.bytes();
        let damaged = |section: &str, why: &str| SnapshotError::Damaged {
            file: file.clone(),
            section: section.to_owned(),
            why: why.to_owned(),
        };
        let invalid = |why: String| SnapshotError::Invalid {
            file: file.clone(),
            why,
        };
        let header = bytes
            .get(..HEADER_BYTES)
            .ok_or_else(|| damaged("header", "the file is too short"))?;
        if header[..8] != MAGIC {
            return Err(invalid("not an index file".to_owned()));
        }
        let version = read_u32(header, 8);
        if version != FORMAT_VERSION {
            return Err(invalid(format!(
                "format version {version}, this build reads {FORMAT_VERSION}: build the index anew"
            )));
        }
        let count = read_u32(header, 12) as usize;
        if count > MAX_SECTIONS {
            return Err(damaged("header", "more sections than the format allows"));
        }
        if read_u64(header, 16) != bytes.len() as u64 {
            return Err(damaged(
                "header",
                "the file is not as long as it says (truncated or grown)",
            ));
        }
        let table_end = HEADER_BYTES + count * ENTRY_BYTES;
        let table = bytes
            .get(HEADER_BYTES..table_end)
            .ok_or_else(|| damaged("table", "the file is too short"))?;
        let mut hasher = Sha256::new();
        hasher.update(&header[..24]);
        hasher.update(table);
        if header[24..56] != <[u8; 32]>::from(hasher.finalize()) {
            return Err(damaged("table", "checksum mismatch"));
        }
        let mut entries = Vec::with_capacity(count);
        for raw in table.chunks_exact(ENTRY_BYTES) {
            let name = raw[..16]
                .split(|&b| b == 0)
                .next()
                .and_then(|n| std::str::from_utf8(n).ok())
                .unwrap_or("?")
                .to_owned();
            let element_bytes = read_u32(raw, 16) as usize;
            let (start, len) = (read_u64(raw, 24), read_u64(raw, 32));
            let end = start
                .checked_add(len)
                .filter(|&end| end <= bytes.len() as u64);
            let (Ok(start), Some(Ok(end))) = (usize::try_from(start), end.map(usize::try_from))
            else {
                return Err(damaged(&name, "reaches beyond the file"));
            };
            if start % ALIGN != 0 || element_bytes == 0 || (end - start) % element_bytes != 0 {
                return Err(damaged(&name, "is not aligned"));
            }
            entries.push((
                Entry {
                    name,
                    element_bytes,
                    start,
                    end,
                },
                raw,
            ));
        }
        let wanted = |name: &str| only.is_none_or(|names| names.contains(&name));
        entries.iter().try_for_each(|(entry, raw)| {
            if !wanted(&entry.name) || raw[40..72] == section_sum(&bytes[entry.start..entry.end]) {
                Ok(())
            } else {
                Err(damaged(&entry.name, "checksum mismatch"))
            }
        })?;
        let entries = entries.into_iter().map(|(entry, _)| entry).collect();
        Ok(Self {
            backing,
            entries,
            file,
        })
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn bytes_total(&self) -> usize {
        self.backing.bytes().len()
    }

    /// Byte range of a section of `T`; sizes and alignment are checked here once.
    pub fn section<T: Pod>(&self, name: &'static str) -> Result<Span<T>, SnapshotError> {
        let problem = |why: &str| SnapshotError::Damaged {
            file: self.file.clone(),
            section: name.to_owned(),
            why: why.to_owned(),
        };
        let entry = self
            .entries
            .iter()
            .find(|e| e.name == name)
            .ok_or_else(|| problem("is missing"))?;
        if entry.element_bytes != size_of::<T>() {
            return Err(problem("holds elements of another size"));
        }
        let span = Span {
            start: entry.start,
            end: entry.end,
            kind: std::marker::PhantomData,
        };
        bytemuck::try_cast_slice::<u8, T>(&self.backing.bytes()[entry.start..entry.end])
            .map_err(|_| problem("is not aligned"))?;
        Ok(span)
    }

    /// The array of a span of this container.
    #[inline]
    pub fn slice<T: Pod>(&self, span: &Span<T>) -> &[T] {
        self.backing
            .bytes()
            .get(span.start..span.end)
            .and_then(|bytes| bytemuck::try_cast_slice(bytes).ok())
            .unwrap_or(&[])
    }
}

/// Where an array of `T` lies in its container.
pub struct Span<T> {
    start: usize,
    end: usize,
    kind: std::marker::PhantomData<fn() -> T>,
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .and_then(|b| b.try_into().ok())
        .map_or(0, u32::from_le_bytes)
}

fn read_u64(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..at + 8)
        .and_then(|b| b.try_into().ok())
        .map_or(0, u64::from_le_bytes)
}
