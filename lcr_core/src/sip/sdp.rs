//! Session descriptions (RFC 4566): read what the relay needs, rewrite where media goes, keep every other byte.
use std::net::IpAddr;

use super::chars::number;
use super::fault::Fault;

/// Media lines of one description, and lines of it.
const MEDIA: usize = 8;
const LINES: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

/// `a=rtpmap:101 telephone-event/8000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpMap<'a> {
    pub payload: u8,
    pub codec: &'a [u8],
    pub clock_hz: u32,
    pub channels: u8,
}

/// One `m=` line and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Media<'a> {
    pub kind: &'a [u8],
    /// 0: refused.
    pub port: u16,
    pub protocol: &'a [u8],
    /// Payload types in order of preference.
    pub payloads: Vec<u8>,
    /// Its own `c=`, else the session's. None: a name, or none at all.
    pub address: Option<IpAddr>,
    pub rtp_maps: Vec<RtpMap<'a>>,
    /// Payload type and parameters.
    pub fmtp: Vec<(u8, &'a [u8])>,
    pub ptime_ms: Option<u32>,
    pub direction: Direction,
    /// `a=rtcp`.
    pub rtcp_port: Option<u16>,
    pub rtcp_mux: bool,
    /// SDES keys stand in it; they are passed on.
    pub crypto: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session<'a> {
    pub media: Vec<Media<'a>>,
}

/// Lines with their ends: (type letter, value, whole line).
fn lines(body: &[u8]) -> impl Iterator<Item = Result<(u8, &[u8], &[u8]), Fault>> {
    body.split_inclusive(|b| *b == b'\n')
        .enumerate()
        .map(|(index, whole)| {
            let text = whole.strip_suffix(b"\n").unwrap_or(whole);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            match text {
                _ if index == LINES => Err(Fault::too_large("SDP Too Long")),
                _ if text.iter().any(|b| matches!(b, b'\r' | 0)) => Err(Fault::bad("Bad SDP")),
                [letter, b'=', value @ ..] if letter.is_ascii_lowercase() => {
                    Ok((*letter, value, whole))
                }
                [] => Ok((0, text, whole)),
                _ => Err(Fault::bad("Bad SDP")),
            }
        })
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| *b == b' ').filter(|w| !w.is_empty())
}

fn small<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
    number(text).and_then(|n| T::try_from(n).ok())
}

/// The address of `IN IP4 192.0.2.1/127`. None: a name.
fn address(text: &[u8]) -> Option<IpAddr> {
    let word = words(text).nth(2)?;
    let word = word.split(|b| *b == b'/').next()?;
    std::str::from_utf8(word).ok()?.parse().ok()
}

fn media(value: &[u8], address: Option<IpAddr>) -> Result<Media<'_>, Fault> {
    const BAD: Fault = Fault::bad("Bad SDP Media Line");
    let mut parts = words(value);
    let kind = parts.next().ok_or(BAD)?;
    let port = parts
        .next()
        .and_then(|p| p.split(|b| *b == b'/').next())
        .ok_or(BAD)?;
    let protocol = parts.next().ok_or(BAD)?;
    Ok(Media {
        kind,
        port: small(port).ok_or(BAD)?,
        protocol,
        payloads: parts.map_while(small).take(64).collect(),
        address,
        ..Media::default()
    })
}

fn rtp_map(value: &[u8]) -> Option<RtpMap<'_>> {
    let mut parts = words(value);
    let payload = small(parts.next()?)?;
    let mut parts = parts.next()?.split(|b| *b == b'/');
    Some(RtpMap {
        payload,
        codec: parts.next()?,
        clock_hz: small(parts.next()?)?,
        channels: parts.next().and_then(small).unwrap_or(1),
    })
}

fn attribute<'a>(value: &'a [u8], media: &mut Media<'a>) {
    let at = memchr::memchr(b':', value).unwrap_or(value.len());
    let rest = value.get(at + 1..).unwrap_or(b"");
    match &value[..at] {
        b"rtpmap" if media.rtp_maps.len() < 64 => media.rtp_maps.extend(rtp_map(rest)),
        b"fmtp" if media.fmtp.len() < 64 => {
            let at = memchr::memchr(b' ', rest).unwrap_or(rest.len());
            let payload = small(&rest[..at]);
            media
                .fmtp
                .extend(payload.map(|p| (p, rest.get(at + 1..).unwrap_or(b""))));
        }
        b"ptime" => media.ptime_ms = small(rest.trim_ascii()),
        b"sendrecv" => media.direction = Direction::SendRecv,
        b"sendonly" => media.direction = Direction::SendOnly,
        b"recvonly" => media.direction = Direction::RecvOnly,
        b"inactive" => media.direction = Direction::Inactive,
        b"rtcp" => media.rtcp_port = words(rest).next().and_then(small),
        b"rtcp-mux" => media.rtcp_mux = true,
        b"crypto" => media.crypto = true,
        _ => {}
    }
}

/// What a description says. A body that is none: 400; too many lines or media: 513.
pub fn read(body: &[u8]) -> Result<Session<'_>, Fault> {
    let mut out = Session::default();
    let (mut common, mut seen) = (Media::default(), false);
    for line in lines(body) {
        let (letter, value, _) = line?;
        seen |= letter == b'v';
        match (letter, out.media.last_mut()) {
            (b'm', _) => {
                if out.media.len() == MEDIA {
                    return Err(Fault::too_large("Too Many Media"));
                }
                let mut next = media(value, common.address)?;
                (next.direction, next.ptime_ms) = (common.direction, common.ptime_ms);
                out.media.push(next);
            }
            (b'c', Some(media)) => media.address = address(value),
            (b'c', None) => common.address = address(value),
            (b'a', Some(media)) => attribute(value, media),
            (b'a', None) => attribute(value, &mut common),
            _ => {}
        }
    }
    if seen {
        Ok(out)
    } else {
        Err(Fault::bad("Bad SDP"))
    }
}

/// Candidates of ICE would lead media past the relay.
fn around_the_relay(value: &[u8]) -> bool {
    [
        &b"candidate:"[..],
        b"remote-candidates:",
        b"end-of-candidates",
        b"ice-",
    ]
    .iter()
    .any(|p| value.starts_with(p))
}

/// The same description with media led to `address` and, in order of the `m=` lines, to `ports` (RTP; RTCP is one above unless
/// multiplexed). Touched: `c=`, the address of `o=`, the port of `m=`, `a=rtcp`; ICE lines go. A port of 0 stays 0 and the
/// address of an old-style hold (0.0.0.0) stays. Fewer ports than media: 488.
pub fn rewrite(body: &[u8], relay: IpAddr, ports: &[u16]) -> Result<Vec<u8>, Fault> {
    let session = read(body)?;
    if ports.len() < session.media.len() {
        return Err(Fault {
            status: 488,
            what: "No Ports For All Media",
        });
    }
    let family = if relay.is_ipv4() { "IP4" } else { "IP6" };
    let mut out = Vec::with_capacity(body.len() + 64);
    let mut index = 0;
    for line in lines(body) {
        let (letter, value, whole) = line?;
        let end = &whole[whole
            .len()
            .min(value.len() + if letter == 0 { 0 } else { 2 })..];
        match letter {
            b'c' if !address(value).is_some_and(|a| a.is_unspecified()) => {
                out.extend_from_slice(format!("c=IN {family} {relay}").as_bytes());
                out.extend_from_slice(end);
            }
            b'o' => {
                let mut parts = words(value);
                out.extend_from_slice(b"o=");
                for _ in 0..3 {
                    out.extend_from_slice(parts.next().unwrap_or(b"0"));
                    out.push(b' ');
                }
                out.extend_from_slice(format!("IN {family} {relay}").as_bytes());
                out.extend_from_slice(end);
            }
            b'm' => {
                let mut parts = words(value);
                let (kind, _) = (parts.next(), parts.next());
                let port = if session.media[index].port == 0 {
                    0
                } else {
                    ports[index]
                };
                index += 1;
                out.extend_from_slice(b"m=");
                out.extend_from_slice(kind.unwrap_or(b""));
                out.extend_from_slice(format!(" {port}").as_bytes());
                for part in parts {
                    out.push(b' ');
                    out.extend_from_slice(part);
                }
                out.extend_from_slice(end);
            }
            b'a' if value.starts_with(b"rtcp:") => {
                let Some((port, media)) =
                    index.checked_sub(1).map(|i| (ports[i], &session.media[i]))
                else {
                    continue;
                };
                let port = if media.rtcp_mux {
                    port
                } else {
                    port.saturating_add(1)
                };
                out.extend_from_slice(format!("a=rtcp:{port} IN {family} {relay}").as_bytes());
                out.extend_from_slice(end);
            }
            b'a' if around_the_relay(value) => {}
            _ => out.extend_from_slice(whole),
        }
    }
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=alice 1 2 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\na=sendonly\r\n\
        m=audio 49170/2 RTP/SAVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
        a=ptime:20\r\na=rtcp:49999 IN IP4 10.0.0.1\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkg\r\n\
        a=candidate:1 1 UDP 2130706431 10.0.0.1 49170 typ host\r\na=x-unknown:kept\r\nm=video 0 RTP/AVP 31\r\nc=IN IP6 2001:db8::1\r\n";

    #[test]
    fn what_the_relay_needs_is_read() {
        let session = read(OFFER.as_bytes()).unwrap();
        let audio = &session.media[0];
        assert_eq!(
            (audio.kind, audio.port, &audio.payloads[..]),
            (&b"audio"[..], 49170, &[8, 0, 101][..])
        );
        assert_eq!(audio.address, "10.0.0.1".parse().ok());
        assert_eq!(
            (audio.ptime_ms, audio.direction),
            (Some(20), Direction::SendOnly)
        );
        assert_eq!(
            (audio.rtcp_port, audio.crypto, audio.rtcp_mux),
            (Some(49999), true, false)
        );
        assert_eq!(audio.rtp_maps[1].codec, b"telephone-event");
        assert_eq!(audio.fmtp, [(101, &b"0-15"[..])]);
        assert_eq!(
            (session.media[1].port, session.media[1].address),
            (0, "2001:db8::1".parse().ok())
        );
    }

    #[test]
    fn media_is_led_to_the_relay_and_nothing_else_changes() {
        let out = rewrite(
            OFFER.as_bytes(),
            "192.0.2.7".parse().unwrap(),
            &[30_000, 30_002],
        )
        .unwrap();
        let out = String::from_utf8(out).unwrap();
        let expected = OFFER
            .replace("m=audio 49170/2", "m=audio 30000")
            .replace("a=rtcp:49999", "a=rtcp:30001")
            .replace("10.0.0.1\r\n", "192.0.2.7\r\n")
            .replace("IN IP6 2001:db8::1", "IN IP4 192.0.2.7")
            .replace(
                "a=candidate:1 1 UDP 2130706431 10.0.0.1 49170 typ host\r\n",
                "",
            );
        assert_eq!(out, expected);
        let v6 = rewrite(
            OFFER.as_bytes(),
            "2001:db8::7".parse().unwrap(),
            &[30_000, 30_002],
        )
        .unwrap();
        assert!(
            String::from_utf8(v6)
                .unwrap()
                .contains("c=IN IP6 2001:db8::7\r\n")
        );
    }

    #[test]
    fn holds_line_ends_and_bodies_that_are_none() {
        let held =
            "v=0\no=- 1 1 IN IP4 1.2.3.4\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\nm=audio 4000 RTP/AVP 0\n";
        let out = rewrite(held.as_bytes(), "192.0.2.7".parse().unwrap(), &[30_000]).unwrap();
        assert!(out.windows(16).any(|w| w == b"c=IN IP4 0.0.0.0") && !out.contains(&b'\r'));
        assert_eq!(
            rewrite(held.as_bytes(), "192.0.2.7".parse().unwrap(), &[])
                .unwrap_err()
                .status,
            488
        );
        for bad in [
            "",
            "hello",
            "v=0\r\nm=audio\r\n",
            "v=0\r\nm=audio 99999 RTP/AVP 0\r\n",
            "v=0\r\nx\r\n",
            "v=0\r\na=b\0\r\n",
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert_eq!(
            read("v=0\r\n".repeat(600).as_bytes()).unwrap_err().status,
            513
        );
    }
}
