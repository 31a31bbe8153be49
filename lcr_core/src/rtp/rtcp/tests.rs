#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn block(seed: u32) -> ReportBlock {
    ReportBlock {
        ssrc: seed,
        fraction_lost: seed as u8,
        cumulative_lost: -(seed as i32 & 0xffff),
        extended_highest: seed ^ 0x1_0001,
        jitter: seed / 3,
        last_sr: seed / 5,
        delay_since_last_sr: seed / 7,
    }
}

#[test]
fn a_receiver_report_is_read_byte_by_byte() {
    let bytes = [
        0x81, 201, 0, 7, 0, 0, 0, 9, 0, 0, 0, 7, 0x40, 0xff, 0xff, 0xfe, 0, 1, 0x12, 0x34, 0, 0, 0,
        80, 0xb7, 5, 0x20, 0, 0, 5, 0x40, 0,
    ];
    let parts: Vec<_> = compound(&bytes).map(Result::unwrap).collect();
    assert!(matches!(
        parts[..],
        [Packet::ReceiverReport { ssrc: 9, .. }]
    ));
    let blocks: Vec<_> = parts[0].report_blocks().collect();
    let expected = ReportBlock {
        ssrc: 7,
        fraction_lost: 64,
        cumulative_lost: -2,
        extended_highest: 0x1_1234,
        jitter: 80,
        last_sr: 0xb705_2000,
        delay_since_last_sr: 0x0005_4000,
    };
    assert_eq!(blocks, [expected]);
}

#[test]
fn the_round_trip_of_the_rfc_is_six_seconds_and_an_eighth() {
    // RFC 3550 figure 2.
    let nanos = round_trip_nanos(0xb710_8000, 0xb705_2000, 0x0005_4000);
    assert_eq!(nanos, Some(6_125_000_000));
    assert_eq!(round_trip_nanos(0xb710_8000, 0, 0), None, "no report yet");
    assert_eq!(round_trip_nanos(10, 20, 0), None, "below zero");
}

#[test]
fn ntp_time_counts_from_1900() {
    let time = NtpTime::from_utc_nanos(1_500_000_000);
    assert_eq!(time.0, (2_208_988_801u64 << 32) | 0x8000_0000);
    assert_eq!(time.middle(), (2_208_988_801u64 as u32) << 16 | 0x8000);
}

#[test]
fn a_whole_compound_packet_reads_back() {
    let mut out = [0u8; 512];
    let mut builder = Builder::new(&mut out);
    let info = SenderInfo {
        ntp: u64::MAX / 3,
        rtp_timestamp: 4,
        packets: 5,
        octets: 6,
    };
    let metrics = VoipMetrics {
        ssrc: 77,
        loss_rate: 3,
        burst_ms: 300,
        gap_ms: 4000,
        r_factor: 93,
        mos_lq_tenths: 44,
        ..VoipMetrics::default()
    };
    builder
        .sender_report(1, &info, &[block(100), block(70_000)])
        .and_then(|builder| builder.receiver_report(1, &[]))
        .and_then(|builder| builder.cname(1, "tandem@media"))
        .and_then(|builder| builder.voip_metrics(1, &metrics))
        .and_then(|builder| builder.bye(&[1, 2], "done"))
        .unwrap();
    let length = builder.finish();
    assert_eq!(length % 4, 0);
    let parts: Vec<_> = compound(&out[..length]).map(Result::unwrap).collect();
    assert_eq!(parts.len(), 5);
    assert!(matches!(parts[0], Packet::SenderReport { ssrc: 1, info: read, .. } if read == info));
    assert_eq!(
        parts[0].report_blocks().collect::<Vec<_>>(),
        [block(100), block(70_000)]
    );
    assert_eq!(
        parts[2].cnames().collect::<Vec<_>>(),
        [(1, &b"tandem@media"[..])]
    );
    assert_eq!(parts[3].voip_metrics().collect::<Vec<_>>(), [metrics]);
    assert_eq!(parts[4].leaving().collect::<Vec<_>>(), [1, 2]);
    assert!(matches!(
        parts[4],
        Packet::Bye {
            reason: b"done",
            ..
        }
    ));
}

#[test]
fn the_voip_metrics_block_has_the_bytes_of_the_rfc() {
    let mut out = [0u8; 64];
    let mut builder = Builder::new(&mut out);
    builder.voip_metrics(9, &VoipMetrics::default()).unwrap();
    assert_eq!(builder.finish(), 44);
    assert_eq!(out[..4], [0x80, 207, 0, 10]);
    assert_eq!(out[8..12], [7, 0, 0, 8], "type 7, eight words");
    assert_eq!(
        (out[31], out[32], out[33]),
        (16, 127, 127),
        "Gmin, R, external R"
    );
}

#[test]
fn names_and_reasons_of_every_length_fill_their_word() {
    for length in 0..40 {
        let text = "x".repeat(length);
        let mut out = [0u8; 128];
        let mut builder = Builder::new(&mut out);
        builder
            .cname(5, &text)
            .and_then(|builder| builder.bye(&[5], &text))
            .unwrap();
        let size = builder.finish();
        let parts: Vec<_> = compound(&out[..size]).map(Result::unwrap).collect();
        assert_eq!(
            parts[0].cnames().collect::<Vec<_>>(),
            [(5, text.as_bytes())]
        );
        assert!(matches!(parts[1], Packet::Bye { reason, .. } if reason == text.as_bytes()));
    }
}

#[test]
fn what_does_not_fit_leaves_the_packet_as_it_was() {
    let mut out = [0u8; 16];
    let mut builder = Builder::new(&mut out);
    builder.receiver_report(1, &[]).unwrap();
    assert_eq!(
        builder.receiver_report(1, &[block(1)]).unwrap_err(),
        RtcpError::Buffer
    );
    assert_eq!(builder.bye(&[0; 32], "").unwrap_err(), RtcpError::Buffer);
    assert_eq!(builder.finish(), 8);
}

#[test]
fn lengths_that_lead_beyond_the_datagram_are_refused() {
    let refused = |bytes: &[u8]| compound(bytes).last().unwrap().unwrap_err();
    assert_eq!(refused(&[0x80, 201]), RtcpError::Short(2));
    assert_eq!(refused(&[0, 201, 0, 0]), RtcpError::Version(0));
    let length = RtcpError::Length {
        packet_type: 201,
        says: 12,
        left: 8,
    };
    assert_eq!(refused(&[0x80, 201, 0, 2, 0, 0, 0, 1]), length);
    assert_eq!(
        refused(&[0x81, 201, 0, 1, 0, 0, 0, 1]),
        RtcpError::Truncated(201)
    );
    assert_eq!(
        refused(&[0x80, 200, 0, 1, 0, 0, 0, 1]),
        RtcpError::Truncated(200)
    );
    assert_eq!(
        refused(&[0x82, 203, 0, 1, 0, 0, 0, 1]),
        RtcpError::Truncated(203)
    );
    assert_eq!(
        refused(&[0xa0, 201, 0, 1, 0, 0, 0, 9]),
        RtcpError::Padding(9)
    );
    let padded_first = [
        0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0x80, 201, 0, 1, 0, 0, 0, 1,
    ];
    assert_eq!(refused(&padded_first), RtcpError::Padding(4));
}

#[test]
fn our_report_names_the_last_sender_report_and_its_age() {
    let mut last = LastSenderReport::default();
    assert_eq!(last.fields(5), (0, 0));
    last.hear(0x0001_b705_2000_0000, 1_000_000_000);
    assert_eq!(last.fields(6_250_000_000), (0xb705_2000, 0x0005_4000));
}

#[test]
fn a_relay_measures_each_leg_from_passing_reports() {
    let mut passing = PassingReports::default();
    for n in 0..20u64 {
        passing.pass((n + 1) << 32, n as i64 * 5_000_000_000);
    }
    let answer = |n: u32, delay: u32| ReportBlock {
        last_sr: (n + 1) << 16,
        delay_since_last_sr: delay,
        ..ReportBlock::default()
    };
    let seen = 19 * 5_000_000_000 + 2_030_000_000;
    let trip = passing
        .round_trip_nanos(&answer(19, 2 << 16), seen)
        .unwrap();
    assert!((29_900_000..=30_000_000).contains(&trip), "30 ms: {trip}");
    assert_eq!(
        passing.round_trip_nanos(&answer(3, 0), seen),
        None,
        "long forgotten"
    );
    assert_eq!(
        passing.round_trip_nanos(&answer(19, 3 << 16), seen),
        None,
        "answered before it came"
    );
    assert_eq!(
        passing.round_trip_nanos(&ReportBlock::default(), seen),
        None
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 198u8..=208, count in 0u8..32) {
        let mut bytes = bytes;
        if bytes.len() >= 4 {
            bytes[0] = 0x80 | count;
            bytes[1] = kind;
            bytes[2] = 0;
        }
        for part in compound(&bytes).flatten() {
            let items = part.report_blocks().count() + part.voip_metrics().count() + part.leaving().count() + part.cnames().count();
            prop_assert!(items <= bytes.len());
        }
    }
}
