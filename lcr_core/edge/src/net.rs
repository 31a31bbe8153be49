//! The address a request really came from; answers that go out before a later one is waited for.
use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// What was answered before a request that takes its time does not wait for it. False: the peer is gone or takes nothing.
pub async fn send_waiting<S: AsyncWrite + Unpin>(
    stream: &mut S,
    output: &mut Vec<u8>,
    patience: Duration,
) -> bool {
    if output.is_empty() {
        return true;
    }
    let written = timeout(patience, stream.write_all(output)).await;
    output.clear();
    matches!(written, Ok(Ok(())))
}

/// The address of the asker behind trusted proxies: walk `X-Forwarded-For` from its right end while the
/// hop is trusted. Anything unreadable stops the walk at the last hop that is known for certain.
pub fn real_peer(
    peer: Option<IpAddr>,
    forwarded_for: Option<&str>,
    trusted: &crate::config::Sources,
) -> Option<IpAddr> {
    let mut current = peer;
    let Some(list) = forwarded_for else {
        return current;
    };
    for hop in list.rsplit(',').take(16) {
        if !trusted.holds(current) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(ip) => current = Some(ip),
            Err(_) => break,
        }
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;
    use lcr_core::access::Network;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn forwarded_addresses_are_believed_from_trusted_hops_only() {
        let trusted = Sources {
            networks: vec![Network::parse("10.0.0.0/8").unwrap()],
            unix: true,
        };
        let seen = |peer: Option<&str>, list: &str| real_peer(peer.map(ip), Some(list), &trusted);
        assert_eq!(
            seen(Some("192.0.2.1"), "203.0.113.9"),
            Some(ip("192.0.2.1"))
        );
        assert_eq!(
            seen(Some("10.0.0.1"), "203.0.113.9"),
            Some(ip("203.0.113.9"))
        );
        assert_eq!(
            seen(Some("10.0.0.1"), "198.51.100.1, 203.0.113.9, 10.0.0.2"),
            Some(ip("203.0.113.9"))
        );
        assert_eq!(seen(None, "203.0.113.9"), Some(ip("203.0.113.9")));
        assert_eq!(seen(Some("10.0.0.1"), "rubbish"), Some(ip("10.0.0.1")));
    }
}
