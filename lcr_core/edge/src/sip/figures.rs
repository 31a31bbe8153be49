//! Media of a side and what was heard, as the record has them.
use lcr_core::rtp::audio::{Heard, Sound, SoundKind, Tone};
use lcr_core::rtp::mos::{Codec, score};
use lcr_core::rtp::packet::Protection;
use serde_json::{Value, json};

use super::description::Audio;
use super::finish::shown;
use crate::media::LegFigures;

/// What was received from a side.
pub fn side_words(figures: &LegFigures, audio: Option<&Audio>) -> Value {
    let stream = figures.received.streams.iter().max_by_key(|s| s.expected);
    let codec = audio.map(|a| a.codec.as_str()).filter(|c| !c.is_empty());
    let scored = codec
        .and_then(Codec::of_encoding)
        .zip(stream)
        .and_then(|(codec, stream)| score(stream, codec, figures.round_trip_nanos));
    let us = |nanos: i64| nanos / 1000;
    let seconds: Vec<Value> = figures
        .samples
        .iter()
        .map(|s| {
            json!([
                s.second,
                s.packets,
                s.expected,
                s.lost,
                s.discarded,
                s.jitter_micros,
                s.level_tenths_dbm0
            ])
        })
        .collect();
    let bursts = stream.map(|s| s.bursts);
    let mut out = json!({
        "codec": codec, "protection": if audio.is_some_and(|a| a.protection == Protection::Srtp) { "srtp" } else { "clear" },
        "address": shown(figures.source),
        "packets": figures.received.received, "octets": stream.map(|s| s.octets), "expected": figures.received.expected,
        "lost": figures.received.lost, "discarded": figures.received.discarded, "duplicates": stream.map(|s| s.duplicates),
        "reordered": stream.map(|s| s.reordered), "jitter_us": stream.map(|s| us(s.jitter_nanos)),
        "max_jitter_us": stream.map(|s| us(s.highest_jitter_nanos)), "mean_jitter_us": stream.map(|s| us(s.mean_jitter_nanos)),
        "longest_gap_us": us(figures.received.longest_gap_nanos), "keys": figures.keys, "refused": figures.refused,
        "malformed": figures.malformed, "sent": figures.sent, "unsent": figures.unsent, "source_moved": figures.source_moved,
    });
    let more = json!({
        "round_trip_us": figures.round_trip_nanos.map(us), "one_way_us": scored.map(|s| s.one_way_micros),
        "mos_lq_milli": scored.map(|s| s.mos_lq_milli), "mos_cq_milli": scored.map(|s| s.mos_cq_milli),
        "r_tenths": scored.map(|s| s.r_tenths), "mos_estimated": scored.map(|s| s.estimated), "loss_ppm": scored.map(|s| s.loss_ppm),
        "bursts": bursts.map(|b| b.bursts), "burst_ms": bursts.map(|b| b.burst_ms), "gap_ms": bursts.map(|b| b.gap_ms),
        "burst_density": bursts.map(|b| b.burst_density), "gap_density": bursts.map(|b| b.gap_density),
        "rtcp_packets": figures.control_packets, "streams": figures.received.streams.len(), "seconds": seconds,
    });
    if let (Value::Object(out), Value::Object(more)) = (&mut out, more) {
        out.extend(more);
    }
    out
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Single425 => "eu",
        Tone::Pair440And480 => "us",
        Tone::Pair400And450 => "uk",
        Tone::Pair480And620 => "us_busy",
        Tone::Information(_) => "information",
    }
}

/// Sounds with their instants in microseconds since 1970 (the ear counts milliseconds of that clock).
pub fn sounds(heard: &Heard) -> Vec<Value> {
    let word = |sound: &Sound| {
        let mut out = json!({"from_us": sound.from_ms * 1000, "until_us": sound.until_ms * 1000});
        let name = match sound.kind {
            SoundKind::Ring(which) => {
                out["tone"] = json!(tone(which));
                "ring"
            }
            SoundKind::Busy => "busy",
            SoundKind::Information => "information",
            SoundKind::Marker(code) => {
                out["code"] = json!(code);
                "marker"
            }
            SoundKind::Silence => "silence",
            SoundKind::NoMedia => "no_media",
            SoundKind::Constant => "constant",
        };
        out["sound"] = json!(name);
        out
    };
    heard.sounds.iter().map(word).collect()
}
