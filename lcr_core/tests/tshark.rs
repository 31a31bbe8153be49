//! Our figures against tshark's on the same capture, written by our own writer: loss equal, jitter within 0.01 ms. Skipped where tshark
//! is not installed.
#![allow(clippy::float_arithmetic, clippy::unwrap_used)]

use std::net::SocketAddr;
use std::process::Command;

use lcr_core::rtp::packet::Packet;
use lcr_core::rtp::payload::PayloadMap;
use lcr_core::rtp::record::Pcap;
use lcr_core::rtp::stats::{Arrival, Buffer, Direction, StreamFigures};

const STARTED: i64 = 1_763_750_000_000_000_000;

struct Network {
    loss_percent: u64,
    jitter_micros: u64,
    reorder_percent: u64,
}

/// A minute of G.711 through the network, measured by us and captured.
fn send(network: &Network, seed: u64) -> (StreamFigures, u64, Pcap) {
    let mut word = seed;
    let mut below = |bound: u64| {
        word = word
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (word >> 33) % bound.max(1)
    };
    let mut dropped = 0;
    let mut arrivals: Vec<(i64, u16, u32)> = Vec::new();
    for n in 0..3000i64 {
        // The ends are kept, or nobody could know of them.
        if (1..2999).contains(&n) && below(100) < network.loss_percent {
            dropped += 1;
            continue;
        }
        let late = if below(100) < network.reorder_percent {
            25_000
        } else {
            0
        };
        let micros = n * 20_000 + (below(network.jitter_micros + 1) + late) as i64;
        arrivals.push((
            STARTED + micros * 1000,
            (60_000 + n) as u16,
            (n as u32).wrapping_mul(160),
        ));
    }
    arrivals.sort_by_key(|one| one.0);
    let mut direction = Direction::new(PayloadMap::default(), Buffer::default(), 120);
    let mut pcap = Pcap::new(10_000_000);
    let ends: [SocketAddr; 2] = [
        "192.0.2.1:4000".parse().unwrap(),
        "192.0.2.2:5000".parse().unwrap(),
    ];
    for (at_nanos, sequence, timestamp) in arrivals {
        let packet = Packet {
            marker: false,
            payload_type: 8,
            sequence,
            timestamp,
            ssrc: 0x1234_5678,
            csrc: &[],
            extension: None,
            payload: &[0xd5; 160],
            padding: 0,
        };
        direction.on_packet(&Arrival {
            at_nanos,
            packet,
            level_tenths_dbm0: None,
        });
        let mut bytes = [0u8; 172];
        let length = packet.write(&mut bytes).unwrap();
        pcap.push(at_nanos, ends[0], ends[1], &bytes[..length]);
    }
    (direction.figures().streams[0], dropped, pcap)
}

/// Packets, lost, mean and greatest jitter in ms, as tshark sees them. None = not installed.
fn tshark(pcap: &Pcap, name: &str) -> Option<(u64, i64, f64, f64)> {
    let path = std::env::temp_dir().join(format!("tandem-{}-{name}.pcap", std::process::id()));
    std::fs::write(&path, pcap.bytes()).unwrap();
    let run = Command::new("tshark")
        .args([
            "-r",
            path.to_str().unwrap(),
            "-q",
            "-d",
            "udp.port==5000,rtp",
            "-z",
            "rtp,streams",
        ])
        .output();
    let _ = std::fs::remove_file(&path);
    let Ok(run) = run else {
        eprintln!("tshark is not installed: the comparison is skipped");
        return None;
    };
    let text = String::from_utf8(run.stdout).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("0x12345678"))
        .unwrap_or_else(|| panic!("{text}"));
    let words: Vec<&str> = line.split_whitespace().collect();
    let ssrc = words.iter().position(|word| *word == "0x12345678").unwrap();
    let lost_at = words.iter().position(|word| word.starts_with('(')).unwrap() - 1;
    let figure = |at: usize| words[at].parse::<f64>().unwrap();
    assert!(lost_at > ssrc);
    let lost = words[lost_at].parse().unwrap();
    let packets = words[lost_at - 1].parse().unwrap();
    Some((packets, lost, figure(lost_at + 6), figure(lost_at + 7)))
}

#[track_caller]
fn agrees(name: &str, network: &Network) {
    let (ours, dropped, pcap) = send(network, 7);
    assert_eq!(ours.lost, dropped, "the truth");
    let Some((packets, lost, mean_ms, highest_ms)) = tshark(&pcap, name) else {
        return;
    };
    let ms = |nanos: i64| nanos as f64 / 1e6;
    println!(
        "{name}: mean {} / {mean_ms}, highest {} / {highest_ms} ms",
        ms(ours.mean_jitter_nanos),
        ms(ours.highest_jitter_nanos)
    );
    assert_eq!((ours.received, ours.lost as i64), (packets, lost));
    assert!(
        (ms(ours.mean_jitter_nanos) - mean_ms).abs() < 0.01,
        "{mean_ms}"
    );
    assert!(
        (ms(ours.highest_jitter_nanos) - highest_ms).abs() < 0.01,
        "{highest_ms}"
    );
}

#[test]
fn loss_of_three_percent_and_jitter_agree_with_tshark() {
    let network = Network {
        loss_percent: 3,
        jitter_micros: 15_000,
        reorder_percent: 0,
    };
    agrees("loss", &network);
}

#[test]
fn reordered_packets_agree_with_tshark() {
    let network = Network {
        loss_percent: 0,
        jitter_micros: 8_000,
        reorder_percent: 2,
    };
    agrees("reorder", &network);
}
