//! The end of a call: files, record, counts. Runs beside the worker, for it waits for the disk and for the far end.
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use lcr_core::rtp::audio::Heard;
use lcr_core::rtp::record::{Pcap, stereo_wav};
use lcr_core::sip::call::EndedBy;
use lcr_core::sip::method::Method;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Sip;
use super::counters::count;
use super::far::FarPart;
use super::record::{self, Finished};
use super::running::{Running, Task};
use crate::media::{Closed, EndpointClosed};

/// What a call's media left behind.
pub enum Kept {
    Relay(Box<Closed>),
    End(Box<EndpointClosed>),
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Kept")
    }
}

impl Kept {
    fn wav(&self) -> Option<Vec<u8>> {
        match self {
            Self::Relay(closed) => closed.tracks.as_ref().map(|[a, b]| stereo_wav(a, b)),
            Self::End(closed) => {
                let track = &closed.recorded;
                (!track.samples().is_empty()).then(|| track.wav())
            }
        }
    }

    fn pcap(&self) -> Option<&Pcap> {
        match self {
            Self::Relay(closed) => closed.pcap.as_ref(),
            Self::End(closed) => closed.pcap.as_ref(),
        }
    }

    /// What was heard of the other side (of B, in a relay).
    pub fn heard(&self) -> Option<&Heard> {
        match self {
            Self::Relay(closed) => closed.heard[1].as_ref(),
            Self::End(closed) => closed.heard.as_ref(),
        }
    }
}

/// Who hung up, and by what right.
pub fn released(task: &Task, by: EndedBy) -> (Option<&'static str>, &'static str) {
    match by {
        EndedBy::Caller if matches!(task, Task::Forwarded { .. }) => (Some("a"), "a"),
        EndedBy::Caller | EndedBy::Operator => (None, "us"),
        EndedBy::Callee | EndedBy::Refusal => (Some("b"), "b"),
        EndedBy::NoAnswer => (None, "timeout"),
        EndedBy::NoAck | EndedBy::Lost => (None, "lost"),
        EndedBy::TalkLimit => (None, "limit"),
        EndedBy::SessionTimer => (None, "session_timer"),
    }
}

/// A file of evidence, synced, with its digest.
fn keep(directory: &Path, name: &str, bytes: &[u8]) -> std::io::Result<Value> {
    let place = format!("media/{name}");
    let path = directory.join(&place);
    let mut file = std::fs::File::create(&path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let digest: String = Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    Ok(json!({"path": place, "bytes": bytes.len(), "sha256": digest}))
}

/// `wav` and `pcap` of a call; null where there is none or the disk would not take it.
fn files(directory: &Path, name: &str, kept: Option<&Kept>) -> Value {
    let save = |kind: &str, bytes: &[u8]| {
        keep(directory, &format!("{name}.{kind}"), bytes).unwrap_or_else(|error| {
            crate::log::event(
                "error",
                "evidence_not_kept",
                &[("error", json!(error.to_string()))],
            );
            Value::Null
        })
    };
    let wav = kept
        .and_then(Kept::wav)
        .map_or(Value::Null, |bytes| save("wav", &bytes));
    let pcap = kept
        .and_then(Kept::pcap)
        .map_or(Value::Null, |pcap| save("pcap", pcap.bytes()));
    json!({"wav": wav, "pcap": pcap})
}

/// Instants of a far end's call, by its own record.
fn far_part(running: Running) -> Option<(Arc<super::far::Slot>, FarPart)> {
    let record = running.record.as_ref()?;
    let wall = |at: u64| running.wall_us(at);
    let ringing = record
        .stamps
        .iter()
        .find(|s| s.method == Method::Invite && s.sent && matches!(s.code, 180 | 183))
        .map(|s| wall(s.at));
    let audio = running.sides[0].audio.clone();
    let part = FarPart {
        invited_us: Some(wall(record.started)),
        ringing_us: ringing,
        answered_us: record.answered.map(wall),
        ended_us: Some(wall(record.ended)),
        ended_by_us: matches!(
            record.by,
            EndedBy::TalkLimit | EndedBy::Operator | EndedBy::SessionTimer
        ),
        codec: audio.as_ref().map(|a| a.codec.clone()).unwrap_or_default(),
        address: audio.and_then(|a| a.address),
        ..FarPart::default()
    };
    match running.task {
        Task::Far {
            slot,
            delivered,
            identity,
        } => Some((
            slot,
            FarPart {
                delivered,
                identity,
                kept: running.kept,
                ..part
            },
        )),
        _ => None,
    }
}

/// Ends a call: its record is on disk before it shows as ended.
pub async fn finish(sip: Arc<Sip>, running: Running) {
    if let Task::Far { .. } = running.task {
        if let Some((slot, part)) = far_part(running) {
            slot.done(part);
        }
        return;
    }
    let far = match &running.task {
        Task::Originated {
            far: Some(slot), ..
        } => {
            let part = slot.finished().await;
            sip.far.leave(slot);
            // Its number was waited for: a far end that never came is one all the same.
            Some(part.unwrap_or_default())
        }
        _ => None,
    };
    let name = running.facts.name.clone();
    let directory = sip.settings.directory.clone();
    let made = tokio::task::spawn_blocking(move || {
        let kept = files(&directory, &running.facts.name, running.kept.as_ref());
        let far_files = far.as_ref().map(|far| {
            let name = format!("{}-far", running.facts.name);
            files(&directory, &name, far.kept.as_ref())
        });
        (running, far, kept, far_files)
    });
    let Ok((running, far, files, far_files)) = made.await else {
        return crate::log::event("error", "record_not_made", &[("call", json!(name))]);
    };
    let arrived = far.as_ref().and_then(|far| far.identity.as_deref());
    let certificates = match (&sip.signing, arrived) {
        (Some(signing), Some(value)) => signing.certificates(value).await,
        _ => None,
    };
    let ended_us = crate::clock::now_us();
    let (words, _) = {
        let finished = Finished {
            running: &running,
            far: far.as_deref(),
            files,
            far_files,
            ended_us,
            verify: sip.signing.as_ref(),
            certificates: certificates.as_ref(),
        };
        record::words(&finished)
    };
    let shown = write(&sip, words).await;
    sip.told.release(&name);
    running.live.end(Value::Object(shown), ended_us);
    count(&sip.counters.records);
}

/// Until it is on disk: a record that cannot be written now is tried again while the edge lives.
/// Returns the line as it stands there.
async fn write(sip: &Sip, mut words: Map<String, Value>) -> Map<String, Value> {
    for wait_ms in [100, 1000, 5000, 30_000] {
        if let Ok(seq) = sip.journal.append(words.clone()).await {
            words.insert("v".to_owned(), json!(1));
            words.insert("seq".to_owned(), json!(seq));
            return words;
        }
        tokio::time::sleep(std::time::Duration::from_millis(wait_ms)).await;
    }
    crate::log::event(
        "error",
        "record_lost",
        &[("call", words.get("call").cloned().unwrap_or(Value::Null))],
    );
    words
}

/// As text, or nothing.
pub fn shown(address: Option<SocketAddr>) -> Option<String> {
    address.map(|a| a.to_string())
}
