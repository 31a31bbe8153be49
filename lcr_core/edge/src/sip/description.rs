//! Session descriptions of test calls: what a side agreed to, what our own end offers and answers.
use std::net::{IpAddr, SocketAddr};

use lcr_core::rtp::packet::Protection;
use lcr_core::rtp::payload::{Kind, Law, Payload, PayloadMap};
use lcr_core::sip::sdp::{self, Media};

/// Our payload type for telephone events.
const EVENTS: u8 = 101;

/// The audio line of a description.
#[derive(Debug, Clone)]
pub struct Audio {
    /// Which media line it is.
    pub index: usize,
    /// Where its side wants to receive; none while on hold or refused.
    pub address: Option<SocketAddr>,
    pub payloads: PayloadMap,
    /// The first codec the core can hear.
    pub audible: Option<(u8, Law)>,
    pub codec: String,
    pub event: Option<u8>,
    pub protection: Protection,
}

/// The encoding name of a payload type: by rtpmap, else as RFC 3551 assigns it.
fn encoding(media: &Media<'_>, payload: u8) -> String {
    let mapped = media.rtp_maps.iter().find(|m| m.payload == payload);
    match (mapped, payload) {
        (Some(map), _) => String::from_utf8_lossy(map.codec).to_ascii_uppercase(),
        (None, 0) => "PCMU".to_owned(),
        (None, 8) => "PCMA".to_owned(),
        (None, 3) => "GSM".to_owned(),
        (None, 4) => "G723".to_owned(),
        (None, 9) => "G722".to_owned(),
        (None, 18) => "G729".to_owned(),
        (None, 13) => "CN".to_owned(),
        (None, other) => other.to_string(),
    }
}

fn law(name: &str) -> Option<Law> {
    match name {
        "PCMA" => Some(Law::A),
        "PCMU" => Some(Law::Mu),
        _ => None,
    }
}

fn is_codec(name: &str) -> bool {
    !matches!(name, "TELEPHONE-EVENT" | "CN")
}

/// The first audio line; none in a description without audio or of no sense.
pub fn audio(body: &[u8]) -> Option<Audio> {
    let session = sdp::read(body).ok()?;
    let index = session.media.iter().position(|m| m.kind == b"audio")?;
    let media = &session.media[index];
    let mut out = Audio {
        index,
        address: media
            .address
            .filter(|a| !a.is_unspecified() && media.port != 0)
            .map(|ip| SocketAddr::new(ip, media.port)),
        payloads: PayloadMap::default(),
        audible: None,
        codec: String::new(),
        event: None,
        protection: if media.crypto || media.protocol.starts_with(b"RTP/SAVP") {
            Protection::Srtp
        } else {
            Protection::Clear
        },
    };
    for payload in &media.payloads {
        let name = encoding(media, *payload);
        let clock_hz = media
            .rtp_maps
            .iter()
            .find(|m| m.payload == *payload)
            .map_or(8000, |m| m.clock_hz);
        let kind = match name.as_str() {
            "TELEPHONE-EVENT" => Kind::TelephoneEvent,
            "CN" => Kind::ComfortNoise,
            _ => Kind::Audio,
        };
        out.payloads.set(Payload {
            payload_type: *payload,
            clock_hz,
            kind,
        });
        if kind == Kind::TelephoneEvent && clock_hz == 8000 && out.event.is_none() {
            out.event = Some(*payload);
        }
        if is_codec(&name) && out.codec.is_empty() {
            // What is heard is what is used: the first codec of an answer.
            out.audible = law(&name).map(|law| (*payload, law));
            out.codec = name;
        }
    }
    Some(out)
}

fn family(ip: IpAddr) -> &'static str {
    if ip.is_ipv4() { "IP4" } else { "IP6" }
}

fn session(at: SocketAddr, id: u64) -> String {
    let (family, ip) = (family(at.ip()), at.ip());
    format!("v=0\r\no=- {id} {id} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n")
}

/// What our end offers: G.711 both laws and telephone events.
pub fn offer(at: SocketAddr, id: u64) -> Vec<u8> {
    let port = at.port();
    format!(
        "{}m=audio {port} RTP/AVP 8 0 {EVENTS}\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
a=rtpmap:{EVENTS} telephone-event/8000\r\na=fmtp:{EVENTS} 0-16\r\na=ptime:20\r\na=sendrecv\r\n",
        session(at, id)
    )
    .into_bytes()
}

/// What our end answers to an offer: its first G.711 codec and its telephone events; every other line refused.
/// None: nothing of it can be spoken here (488).
pub fn answer(body: &[u8], at: SocketAddr, id: u64) -> Option<(Vec<u8>, Audio)> {
    let session_read = sdp::read(body).ok()?;
    let mut audio = audio(body)?;
    let media = &session_read.media[audio.index];
    let (payload, name) = media
        .payloads
        .iter()
        .map(|p| (*p, encoding(media, *p)))
        .find(|(_, name)| law(name).is_some())?;
    if audio.protection == Protection::Srtp {
        return None;
    }
    audio.audible = law(&name).map(|law| (payload, law));
    let mut out = session(at, id);
    for (index, line) in session_read.media.iter().enumerate() {
        if index == audio.index {
            let port = at.port();
            out += &format!("m=audio {port} RTP/AVP {payload}");
            if let Some(event) = audio.event {
                out += &format!(" {event}");
            }
            out += &format!("\r\na=rtpmap:{payload} {name}/8000\r\n");
            if let Some(event) = audio.event {
                out += &format!("a=rtpmap:{event} telephone-event/8000\r\na=fmtp:{event} 0-16\r\n");
            }
            out += "a=ptime:20\r\na=sendrecv\r\n";
        } else {
            let word = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
            let payload = line.payloads.first().copied().unwrap_or(0);
            out += &format!(
                "m={} 0 {} {payload}\r\n",
                word(line.kind),
                word(line.protocol)
            );
        }
    }
    audio.codec = name;
    Some((out.into_bytes(), audio))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> SocketAddr {
        "192.0.2.9:30000".parse().unwrap()
    }

    #[test]
    fn our_own_offer_is_understood() {
        let audio = audio(&offer(at(), 7)).unwrap();
        assert_eq!((audio.address, audio.codec.as_str()), (Some(at()), "PCMA"));
        assert_eq!((audio.audible, audio.event), (Some((8, Law::A)), Some(101)));
        assert_eq!(audio.payloads.of(101).kind, Kind::TelephoneEvent);
    }

    #[test]
    fn an_answer_takes_the_first_law_and_refuses_other_lines() {
        let offer =
            b"v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 18 0 96\r\na=rtpmap:96 telephone-event/8000\r\n";
        let (body, audio) = answer(offer, at(), 7).unwrap();
        let text = String::from_utf8(body.clone()).unwrap();
        assert!(text.contains("m=video 0 RTP/AVP 31\r\n"), "{text}");
        assert!(text.contains("m=audio 30000 RTP/AVP 0 96\r\n"), "{text}");
        assert_eq!((audio.index, audio.audible), (1, Some((0, Law::Mu))));
        assert_eq!(audio.address, "198.51.100.1:4000".parse().ok());
        assert_eq!(super::audio(&body).unwrap().codec, "PCMU");
        let g729 = b"v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n";
        assert!(answer(g729, at(), 7).is_none());
    }

    #[test]
    fn hold_has_no_address_and_keys_make_it_unreadable() {
        let held = b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
        assert_eq!(audio(held).unwrap().address, None);
        let srtp = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n";
        assert_eq!(audio(srtp).unwrap().protection, Protection::Srtp);
    }
}
