//! A session description of a stranger: read, led through the relay, and read again.
#![no_main]
use lcr_core::sip::sdp::{read, rewrite};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(before) = read(data) else { return };
    let ports: Vec<u16> = (0..8).map(|n| 30_000 + 2 * n).collect();
    let relay = "192.0.2.7".parse().unwrap();
    let out = rewrite(data, relay, &ports).unwrap();
    let after = read(&out).unwrap();
    assert_eq!(before.media.len(), after.media.len());
    for (index, (was, is)) in before.media.iter().zip(&after.media).enumerate() {
        assert_eq!(is.port, if was.port == 0 { 0 } else { ports[index] });
        assert!(is.address.is_none_or(|a| a == relay || a.is_unspecified()));
        assert_eq!(
            (was.kind, was.protocol, &was.payloads),
            (is.kind, is.protocol, &is.payloads)
        );
        assert_eq!((&was.rtp_maps, &was.fmtp), (&is.rtp_maps, &is.fmtp));
    }
});
