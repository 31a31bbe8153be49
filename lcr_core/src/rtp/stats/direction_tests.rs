use super::*;
use crate::rtp::packet::Protection;
use crate::rtp::payload::{Kind, Payload};
use crate::rtp::stats::BurstFigures;

const MS: i64 = 1_000_000;

fn direction() -> Direction {
    let mut payloads = PayloadMap::default();
    let event = Payload {
        payload_type: 101,
        clock_hz: 8000,
        kind: Kind::TelephoneEvent,
    };
    assert!(payloads.set(event));
    Direction::new(payloads, Buffer::default(), 60)
}

fn packet(payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32) -> Packet<'static> {
    Packet {
        marker: false,
        payload_type,
        sequence,
        timestamp,
        ssrc,
        csrc: &[],
        extension: None,
        payload: &[0xd5; 160],
        padding: 0,
    }
}

fn hear(direction: &mut Direction, at_nanos: i64, packet: Packet<'static>) {
    direction.on_packet(&Arrival {
        at_nanos,
        packet,
        level_tenths_dbm0: None,
    });
}

/// Packet `n` of a stream of 20 ms packets, delayed.
fn nth(direction: &mut Direction, n: i64, delay_ms: i64) {
    let audio = packet(8, (n + 65_500) as u16, (n * 160) as u32, 7);
    hear(direction, (n * 20 + delay_ms) * MS, audio);
}

#[test]
fn an_even_stream_counts_every_packet_and_nothing_else() {
    let mut one = direction();
    (0..500).for_each(|n| nth(&mut one, n, 0));
    let figures = one.figures();
    let stream = figures.streams[0];
    assert_eq!((figures.expected, figures.received), (500, 500));
    assert_eq!((figures.lost, figures.discarded), (0, 0));
    assert_eq!(
        (stream.duplicates, stream.reordered, stream.strays),
        (0, 0, 0)
    );
    assert_eq!((stream.jitter_nanos, stream.packet_nanos), (0, 20 * MS));
    assert_eq!(stream.octets, 500 * 160);
    assert_eq!(figures.longest_gap_nanos, 20 * MS);
}

#[test]
fn lost_late_and_double_packets_are_told_apart() {
    let mut one = direction();
    for n in 0..200 {
        match n {
            50 | 51 => {}
            100 => {}
            101 => {
                nth(&mut one, 101, 0);
                nth(&mut one, 100, 21);
            }
            150 => {
                nth(&mut one, 150, 0);
                nth(&mut one, 150, 1);
            }
            _ => nth(&mut one, n, 0),
        }
    }
    let stream = one.figures().streams[0];
    assert_eq!(
        (stream.expected, stream.received, stream.lost),
        (200, 199, 2)
    );
    assert_eq!((stream.reordered, stream.duplicates), (1, 1));
    assert_eq!((stream.bursts.missing, stream.bursts.runs), (2, 1));
}

#[test]
fn packets_beyond_the_buffer_are_discarded_not_lost() {
    let mut one = direction();
    (0..100).for_each(|n| nth(&mut one, n, if n % 10 == 5 { 61 } else { 0 }));
    let figures = one.figures();
    assert_eq!((figures.lost, figures.discarded), (0, 10));
    assert_eq!(figures.streams[0].bursts.missing, 10);
}

#[test]
fn telephone_events_take_part_in_loss_but_not_in_jitter() {
    let mut one = direction();
    for n in 0..100i64 {
        let standing = (40..60).contains(&n);
        let timestamp = if standing { 40 * 160 } else { n * 160 };
        let kind = if standing { 101 } else { 8 };
        if n != 50 {
            hear(
                &mut one,
                n * 20 * MS,
                packet(kind, n as u16, timestamp as u32, 7),
            );
        }
    }
    let stream = one.figures().streams[0];
    assert_eq!((stream.jitter_nanos, stream.event_packets), (0, 19));
    assert_eq!((stream.lost, stream.discarded), (1, 0));
}

#[test]
fn each_source_has_its_own_line_and_jitter() {
    let mut one = direction();
    for n in 0..50i64 {
        hear(
            &mut one,
            n * 20 * MS,
            packet(8, n as u16, (n * 160) as u32, 1),
        );
    }
    for n in 0..50i64 {
        let other = packet(8, (9000 + n) as u16, (77_777 + n * 160) as u32, 2);
        hear(&mut one, (1000 + 500 + n * 20) * MS, other);
    }
    let figures = one.figures();
    assert_eq!((figures.streams.len(), figures.lost), (2, 0));
    assert_eq!(figures.streams[1].highest_jitter_nanos, 0);
}

#[test]
fn a_flood_of_sources_is_counted_and_not_kept() {
    let mut one = direction();
    for n in 0..100i64 {
        hear(&mut one, n * 20 * MS, packet(8, 1, 0, n as u32));
    }
    let figures = one.figures();
    assert_eq!(figures.streams.len(), MAX_STREAMS);
    assert_eq!(figures.unkept_packets, 100 - MAX_STREAMS as u64);
}

#[test]
fn a_change_of_clock_begins_jitter_anew() {
    let mut one = direction();
    let mut payloads = PayloadMap::default();
    let wide = Payload {
        payload_type: 96,
        clock_hz: 16000,
        kind: Kind::Audio,
    };
    assert!(payloads.set(wide));
    one.set_payloads(payloads);
    for n in 0..50i64 {
        hear(
            &mut one,
            n * 20 * MS,
            packet(8, n as u16, (n * 160) as u32, 1),
        );
    }
    for n in 50..100i64 {
        hear(
            &mut one,
            n * 20 * MS,
            packet(96, n as u16, (n * 320) as u32, 1),
        );
    }
    let stream = one.figures().streams[0];
    assert_eq!((stream.clock_changes, stream.highest_jitter_nanos), (1, 0));
    assert_eq!(stream.discarded, 0);
}

#[test]
fn seconds_add_up_to_the_whole_and_silence_has_its_own() {
    let mut one = direction();
    (0..100)
        .filter(|n| n % 20 != 7)
        .for_each(|n| nth(&mut one, n, 0));
    (250..300).for_each(|n| nth(&mut one, n, 0));
    one.close_seconds(6_000 * MS);
    let samples = one.series().samples();
    assert_eq!(samples.len(), 6);
    let sum = |of: fn(&Sample) -> i64| samples.iter().map(of).sum::<i64>();
    assert_eq!(sum(|one| i64::from(one.packets)), 145);
    assert_eq!(sum(|one| i64::from(one.lost)), 5 + 150);
    assert_eq!(sum(|one| i64::from(one.expected)), 300);
    assert_eq!(
        (samples[2].packets, samples[3].packets, samples[4].packets),
        (0, 0, 0)
    );
}

#[test]
fn a_long_call_keeps_its_first_seconds_and_says_how_many_are_left_out() {
    let mut one = Direction::new(PayloadMap::default(), Buffer::default(), 3);
    (0..500).for_each(|n| nth(&mut one, n, 0));
    one.close_seconds(10_000 * MS);
    assert_eq!(one.series().samples().len(), 3);
    assert_eq!(one.series().left_out_seconds(), 7);
}

#[test]
fn the_report_of_an_interval_carries_fraction_and_sum() {
    let mut one = direction();
    (0..100)
        .filter(|n| n % 4 != 1)
        .for_each(|n| nth(&mut one, n, 0));
    let first = one.close_interval().next();
    assert_eq!(
        first.map(|one| (one.fraction_lost, one.cumulative_lost)),
        Some((64, 25))
    );
    (100..200).for_each(|n| nth(&mut one, n, 0));
    let second = one.close_interval().next();
    assert_eq!(
        second.map(|one| (one.fraction_lost, one.cumulative_lost)),
        Some((0, 25))
    );
    assert_eq!(second.map(|one| one.extended_highest), Some(65_500 + 199));
}

#[test]
fn an_empty_direction_has_figures_too() {
    let mut one = direction();
    one.close_seconds(0);
    one.close_seconds(2_500 * MS);
    assert_eq!(one.figures(), DirectionFigures::default());
    assert_eq!(one.series().samples().len(), 2);
    assert_eq!(BurstFigures::default().missing, 0);
    assert!(Packet::parse(&[], Protection::Clear).is_err());
}
