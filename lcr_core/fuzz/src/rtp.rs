//! Media from strangers: RTP and RTCP read or refused; what is read writes back; statistics, source lock and ear take any packets in any
//! order without a panic and with their figures in bounds.
#![no_main]
use std::net::{Ipv4Addr, SocketAddr};

use lcr_core::rtp::audio::Ear;
use lcr_core::rtp::dtmf::KeysHeard;
use lcr_core::rtp::mos::{CODECS, score};
use lcr_core::rtp::packet::{Packet, Protection, is_rtcp};
use lcr_core::rtp::payload::{Law, PayloadMap};
use lcr_core::rtp::rtcp::{PassingReports, compound};
use lcr_core::rtp::source::{Learning, SourceLock};
use lcr_core::rtp::stats::{Arrival, Buffer, Direction};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut direction = Direction::new(PayloadMap::default(), Buffer::Adaptive, 20);
    let mut lock = SourceLock::new(None, Learning::Any);
    let mut ear = Ear::new(Law::A);
    let mut keys = KeysHeard::default();
    let mut passing = PassingReports::default();
    let mut rest = data;
    let mut at_nanos = 0i64;
    // Each datagram: one byte of length, two of time since the last (ms, signed), its bytes.
    while let Some((head, after)) = rest.split_at_checked(3) {
        let (bytes, after) = after.split_at(usize::from(head[0]).min(after.len()));
        rest = after;
        at_nanos += i64::from(i16::from_be_bytes([head[1], head[2]])) * 1_000_000;
        if is_rtcp(bytes) {
            for part in compound(bytes).flatten() {
                for block in part.report_blocks() {
                    passing.pass(u64::from(block.last_sr) << 16, at_nanos);
                    let _ = passing.round_trip_nanos(&block, at_nanos);
                }
                let items =
                    part.voip_metrics().count() + part.leaving().count() + part.cnames().count();
                assert!(items <= bytes.len());
            }
            continue;
        }
        let _ = Packet::parse(bytes, Protection::Srtp);
        let Ok(packet) = Packet::parse(bytes, Protection::Clear) else {
            continue;
        };
        let mut out = [0u8; 256];
        if packet.write(&mut out) == Ok(bytes.len()) {
            assert_eq!(
                Packet::parse(&out[..bytes.len()], Protection::Clear),
                Ok(packet)
            );
        }
        let from = SocketAddr::from((Ipv4Addr::LOCALHOST, u16::from(head[0] & 3) + 1));
        let _ = lock.judge(at_nanos, from, &packet);
        let _ = keys.on_packet(packet.timestamp, packet.payload);
        ear.hear(at_nanos / 1_000_000, packet.timestamp, packet.payload);
        direction.on_packet(&Arrival {
            at_nanos,
            packet,
            level_tenths_dbm0: None,
        });
    }
    let reports = direction.close_interval().count();
    let figures = direction.figures();
    assert_eq!(reports, figures.streams.len());
    for stream in &figures.streams {
        assert!(stream.lost <= stream.expected && stream.jitter_nanos >= 0);
        let score = score(stream, &CODECS[1], Some(20_000_000));
        assert!(score.is_none_or(|score| (1000..=4500).contains(&score.mos_cq_milli)));
    }
    let heard = ear.finish(at_nanos / 1_000_000);
    assert!(heard.sounds.len() <= lcr_core::rtp::audio::MAX_SOUNDS);
});
