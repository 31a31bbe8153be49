//! The record log: lines appended to numbered files by one thread, synced to disk before whoever waits is told. Lines of many
//! calls share one sync. What a crash leaves is mended at the next start: a torn last line is cut off, a call that began and has
//! no record gets one that says so.
use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::tally::Tally;
use crate::EdgeError;

/// A new file begins beyond this.
const FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Lines that share a sync, and lines that may wait.
const BATCH: usize = 512;
const WAITING: usize = 8192;

struct Entry {
    line: Map<String, Value>,
    told: oneshot::Sender<Result<u64, String>>,
}

/// Where lines are handed in.
pub struct Journal {
    give: Mutex<Option<SyncSender<Entry>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Every ordered call that has a line; forwarded calls are named by the edge itself, at random.
    names: Mutex<HashSet<String>>,
}

/// What the files told at the start, in order: lines a reader of counts may have missed.
pub struct Opened {
    pub journal: Arc<Journal>,
    pub lines: Vec<Value>,
    /// Counts every line that is written from now on.
    pub tally: Arc<Mutex<Tally>>,
}

struct Writer {
    directory: PathBuf,
    number: u64,
    file: File,
    length: u64,
    seq: u64,
    tally: Arc<Mutex<Tally>>,
}

fn named(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("calls-{number:08}.ndjson"))
}

/// Numbers of the files that are there, rising.
fn numbers(directory: &Path) -> std::io::Result<Vec<u64>> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number: Option<u64> = name
            .to_str()
            .and_then(|n| n.strip_prefix("calls-"))
            .and_then(|n| n.strip_suffix(".ndjson"))
            .and_then(|n| n.parse().ok());
        out.extend(number);
    }
    out.sort_unstable();
    Ok(out)
}

/// What is needed of a record at a start: counts and whose it is, not its evidence.
const COUNTED: [&str; 10] = [
    "seq",
    "kind",
    "call",
    "mode",
    "ticket_id",
    "company_id",
    "talk_us",
    "spent_nanos",
    "outcome",
    "begun_us",
];

/// Whole lines of a file that are JSON, of records only what is counted; how many bytes all of them fill.
fn read(path: &Path) -> std::io::Result<(Vec<Value>, u64)> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut out, mut whole, mut line) = (Vec::new(), 0, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok((out, whole));
        }
        whole += length as u64;
        let Ok(mut words) = serde_json::from_slice::<Map<String, Value>>(&line) else {
            continue;
        };
        if words.get("kind").and_then(Value::as_str) == Some("record") {
            words.retain(|name, _| COUNTED.contains(&name.as_str()));
        }
        out.push(Value::Object(words));
    }
}

fn sync_directory(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()
}

impl Writer {
    fn open(
        directory: &Path,
        number: u64,
        seq: u64,
        tally: Arc<Mutex<Tally>>,
    ) -> std::io::Result<Self> {
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(named(directory, number))?;
        sync_directory(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            number,
            file,
            length: 0,
            seq,
            tally,
        })
    }

    /// All lines or none.
    fn write(&mut self, entries: &mut [Entry]) -> Result<u64, String> {
        let first = self.seq + 1;
        let mut bytes = Vec::with_capacity(entries.len() * 1024);
        for (seq, entry) in (first..).zip(entries.iter_mut()) {
            entry.line.insert("v".to_owned(), json!(1));
            entry.line.insert("seq".to_owned(), json!(seq));
            // Writing JSON values into a Vec cannot fail.
            let _ = serde_json::to_writer(&mut bytes, &entry.line);
            bytes.push(b'\n');
        }
        let done = self
            .file
            .write_all(&bytes)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = done {
            // What may stand there of it must not be taken for a line; the next write has a file of its own.
            let _ = self.file.set_len(self.length);
            let _ = self.file.sync_data();
            let _ = self.next_file();
            return Err(error.to_string());
        }
        {
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            entries.iter().for_each(|entry| tally.add(&entry.line));
        }
        self.seq += entries.len() as u64;
        self.length += bytes.len() as u64;
        if self.length >= FILE_BYTES
            && let Err(error) = self.next_file()
        {
            crate::log::event(
                "error",
                "call_log_not_rotated",
                &[("error", json!(error.to_string()))],
            );
        }
        Ok(first)
    }

    fn next_file(&mut self) -> std::io::Result<()> {
        *self = Self::open(
            &self.directory,
            self.number + 1,
            self.seq,
            Arc::clone(&self.tally),
        )?;
        Ok(())
    }

    fn run(mut self, take: &Receiver<Entry>) {
        while let Ok(first) = take.recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH {
                match take.try_recv() {
                    Ok(entry) => batch.push(entry),
                    Err(_) => break,
                }
            }
            let done = self.write(&mut batch);
            if let Err(error) = &done {
                crate::log::event("error", "call_log_failed", &[("error", json!(error))]);
            }
            for (at, entry) in (0..).zip(batch) {
                // Whoever asked may have given up waiting.
                let _ = entry.told.send(done.clone().map(|first| first + at));
            }
        }
    }
}

/// The record of a call that a crash ended.
fn interrupted(begin: &Map<String, Value>, now_us: i64) -> Map<String, Value> {
    let mut out = begin.clone();
    out.insert("kind".to_owned(), json!("record"));
    out.insert("outcome".to_owned(), json!("interrupted"));
    out.insert("verdict".to_owned(), json!("unanswered"));
    out.insert("code".to_owned(), json!(0));
    let begun = out.remove("at_us").unwrap_or(Value::Null);
    out.insert("begun_us".to_owned(), begun);
    out.insert("ended_us".to_owned(), json!(now_us));
    for list in ["attempts", "findings", "events"] {
        out.insert(list.to_owned(), json!([]));
    }
    out
}

impl Journal {
    /// Reads what is there, mends it, begins a new file.
    pub fn open(directory: &Path, now_us: i64) -> Result<Opened, EdgeError> {
        let fault = |e: std::io::Error| {
            EdgeError::io(&format!("keep call records in {}", directory.display()), &e)
        };
        std::fs::create_dir_all(directory.join("media")).map_err(fault)?;
        let known = numbers(directory).map_err(fault)?;
        let mut lines = Vec::new();
        for number in &known {
            let path = named(directory, *number);
            let (read, whole) = read(&path).map_err(fault)?;
            let length = std::fs::metadata(&path).map_err(fault)?.len();
            if length > whole {
                let file = OpenOptions::new().write(true).open(&path).map_err(fault)?;
                file.set_len(whole)
                    .and_then(|()| file.sync_all())
                    .map_err(fault)?;
            }
            lines.extend(read);
        }
        let mut open: HashMap<String, Map<String, Value>> = HashMap::new();
        let mut names = HashSet::new();
        let mut seq = 0;
        for line in &lines {
            seq = seq.max(line["seq"].as_u64().unwrap_or(0));
            let (Some(call), Some(words)) = (line["call"].as_str(), line.as_object()) else {
                continue;
            };
            if line["mode"] != "forwarded" {
                names.insert(call.to_owned());
            }
            if line["kind"] == "begin" {
                open.insert(call.to_owned(), words.clone());
            } else {
                open.remove(call);
            }
        }
        let number = known.last().copied().unwrap_or(0) + 1;
        let tally = Arc::<Mutex<Tally>>::default();
        let mut writer = Writer::open(directory, number, seq, Arc::clone(&tally)).map_err(fault)?;
        let mut cut: Vec<Map<String, Value>> = open.into_values().collect();
        cut.sort_by_key(|words| words["seq"].as_u64());
        let mut cut: Vec<Entry> = cut
            .iter()
            .map(|begin| Entry {
                line: interrupted(begin, now_us),
                told: oneshot::channel().0,
            })
            .collect();
        if !cut.is_empty() {
            writer
                .write(&mut cut)
                .map_err(|e| fault(std::io::Error::other(e)))?;
            lines.extend(cut.into_iter().map(|entry| Value::Object(entry.line)));
        }
        let (give, take) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("edge-records".to_owned())
            .spawn(move || writer.run(&take))
            .map_err(|e| EdgeError::io("start a thread", &e))?;
        let journal = Arc::new(Self {
            give: Mutex::new(Some(give)),
            thread: Mutex::new(Some(thread)),
            names: Mutex::new(names),
        });
        Ok(Opened {
            journal,
            lines,
            tally,
        })
    }

    /// Takes a name for a call; false when it was used before.
    pub fn claim(&self, name: &str) -> bool {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.to_owned())
    }

    /// Gives a name back whose `begin` could not be written.
    pub fn release(&self, name: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.remove(name);
    }

    /// The number of the line, once it is on disk.
    pub async fn append(&self, line: Map<String, Value>) -> Result<u64, String> {
        let (told, answer) = oneshot::channel();
        {
            let give = self.give.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(give) = give.as_ref() else {
                return Err("the edge is stopping".to_owned());
            };
            give.try_send(Entry { line, told })
                .map_err(|_| "too many records wait for the disk".to_owned())?;
        }
        match answer.await {
            Ok(done) => done,
            Err(_) => Err("the record thread ended".to_owned()),
        }
    }

    /// Writes what waits and ends.
    pub fn close(&self) {
        let give = self
            .give
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(give);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: &str, call: &str) -> Map<String, Value> {
        let value = json!({"kind": kind, "call": call, "at_us": 5});
        value.as_object().unwrap().clone()
    }

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("edge-journal-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        path
    }

    #[tokio::test]
    async fn every_call_that_began_has_one_record_after_a_crash() {
        let directory = folder("crash");
        let opened = Journal::open(&directory, 1).unwrap();
        let journal = opened.journal;
        assert!(journal.claim("a") && !journal.claim("a"));
        assert_eq!(journal.append(line("begin", "a")).await, Ok(1));
        assert_eq!(journal.append(line("begin", "b")).await, Ok(2));
        assert_eq!(journal.append(line("record", "a")).await, Ok(3));
        let mut forwarded = line("record", "f");
        forwarded.insert("mode".to_owned(), json!("forwarded"));
        assert_eq!(journal.append(forwarded).await, Ok(4));
        journal.close();
        assert!(journal.append(line("record", "b")).await.is_err());
        // The crash tears the line that is being written.
        let mut file = OpenOptions::new()
            .append(true)
            .open(named(&directory, 1))
            .unwrap();
        file.write_all(b"{\"kind\": \"record\", \"call\": \"b\"")
            .unwrap();
        let again = Journal::open(&directory, 9).unwrap();
        let records: Vec<&Value> = again
            .lines
            .iter()
            .filter(|l| l["kind"] == "record")
            .collect();
        let said: Vec<_> = records
            .iter()
            .map(|r| (r["call"].clone(), r["outcome"].clone()))
            .collect();
        assert_eq!(
            said,
            [
                (json!("a"), Value::Null),
                (json!("f"), Value::Null),
                (json!("b"), json!("interrupted"))
            ]
        );
        assert_eq!(
            (records[2]["seq"].clone(), records[2]["begun_us"].clone()),
            (json!(5), json!(5))
        );
        assert!(!again.journal.claim("b"), "names of orders stay taken");
        assert!(
            again.journal.claim("f"),
            "a forwarded call's is not held for ever"
        );
        again.journal.close();
        assert_eq!(numbers(&directory).unwrap(), [1, 2]);
        assert_eq!(
            Journal::open(&directory, 10).unwrap().lines.len(),
            5,
            "mended once"
        );
        let _ = std::fs::remove_dir_all(&directory);
    }
}
