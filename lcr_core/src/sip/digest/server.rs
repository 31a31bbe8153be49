//! Challenging a buyer's switch and checking its answer. A nonce proves by itself when and to whom it was given: no state until
//! an answer is right. Each challenge has its own: a switch counts each of its calls from 1.
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::params::{fields, get, quote};
use super::{Algorithm, hex, response};
use crate::sip::clock::{Micros, SECOND};

/// A nonce is good for this long.
pub const NONCE_SECONDS: u64 = 60;
/// Nonces whose count is remembered; the oldest go first.
const REMEMBERED: usize = 8192;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The user name that was proven.
    Right(String),
    /// Nothing for this realm that can be checked: challenge.
    Absent,
    /// The secret was right, the nonce is too old: challenge with `stale=true`.
    Stale,
    /// Wrong user, password or nonce: challenge again, count it against the source.
    Wrong,
    /// The same nonce count once more: a replay.
    Replayed,
}

pub struct Server {
    realm: String,
    key: [u8; 32],
    asked: u32,
    /// Nonces up to this second are too old: counts of some of them had to be forgotten.
    forgotten: Option<u64>,
    counts: HashMap<Vec<u8>, u32>,
    ages: BTreeMap<(u64, Vec<u8>), ()>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// `key` is random and never leaves the process.
    #[must_use]
    pub fn new(realm: &str, key: [u8; 32]) -> Self {
        Self {
            realm: realm.into(),
            key,
            asked: 0,
            forgotten: None,
            counts: HashMap::new(),
            ages: BTreeMap::new(),
        }
    }

    fn seal(&self, seconds: u64, serial: u32, ip: IpAddr) -> String {
        let mut out = format!("{seconds:012x}{serial:08x}");
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) {
            mac.update(&seconds.to_be_bytes());
            mac.update(&serial.to_be_bytes());
            mac.update(ip.to_string().as_bytes());
            out += &hex(&mac.finalize().into_bytes()[..16]);
        }
        out
    }

    /// Values for WWW-Authenticate or Proxy-Authenticate, one line each, strongest first (RFC 8760).
    #[must_use]
    pub fn challenges(&mut self, now: Micros, ip: IpAddr, stale: bool) -> [String; 2] {
        self.asked = self.asked.wrapping_add(1);
        let nonce = self.seal(now / SECOND, self.asked, ip);
        [Algorithm::Sha256, Algorithm::Md5].map(|algorithm| {
            let stale = if stale { ", stale=true" } else { "" };
            format!(
                "Digest realm={}, nonce=\"{nonce}\", algorithm={}, qop=\"auth\"{stale}",
                quote(self.realm.as_bytes()),
                algorithm.as_str()
            )
        })
    }

    /// Judges the lines of Authorization or Proxy-Authorization. `ha1` looks a user up; asked for strangers too, so that their
    /// refusal takes as long. The `uri` field is what the client hashed; switches write the Request-URI or the bare domain
    /// there, so it is not compared.
    pub fn verify<'a>(
        &mut self,
        now: Micros,
        ip: IpAddr,
        method: &[u8],
        lines: impl Iterator<Item = &'a [u8]>,
        ha1: impl Fn(&str, Algorithm) -> Option<String>,
    ) -> Verdict {
        for line in lines.take(8) {
            let Some(given) = fields(line) else { continue };
            if get(&given, "realm") != Some(self.realm.as_bytes()) {
                continue;
            }
            return self
                .judge(now, ip, method, &given, ha1)
                .unwrap_or(Verdict::Wrong);
        }
        Verdict::Absent
    }

    fn judge(
        &mut self,
        now: Micros,
        ip: IpAddr,
        method: &[u8],
        given: &[(&[u8], Vec<u8>)],
        ha1: impl Fn(&str, Algorithm) -> Option<String>,
    ) -> Option<Verdict> {
        let algorithm = Algorithm::parse(get(given, "algorithm"))?;
        let user = std::str::from_utf8(get(given, "username")?).ok()?;
        let (nonce, nc, cnonce) = (
            get(given, "nonce")?,
            get(given, "nc")?,
            get(given, "cnonce")?,
        );
        if get(given, "qop")? != b"auth" || nc.len() != 8 {
            return None;
        }
        let count = u32::from_str_radix(std::str::from_utf8(nc).ok()?, 16).ok()?;
        let (stamp, serial) = std::str::from_utf8(nonce.get(..20)?)
            .ok()?
            .split_at_checked(12)?;
        let given_at = u64::from_str_radix(stamp, 16).ok()?;
        let serial = u32::from_str_radix(serial, 16).ok()?;
        let ours: bool = self
            .seal(given_at, serial, ip)
            .as_bytes()
            .ct_eq(nonce)
            .into();
        let known = ha1(user, algorithm);
        let secret = known
            .clone()
            .unwrap_or_else(|| algorithm.hash(&[b"nobody"]));
        let expected = response(
            algorithm,
            &secret,
            nonce,
            Some((nc, cnonce)),
            method,
            get(given, "uri")?,
        );
        let right: bool = expected.as_bytes().ct_eq(get(given, "response")?).into();
        if !(ours && right && known.is_some()) {
            return None;
        }
        let age = (now / SECOND).checked_sub(given_at);
        let forgotten = self.forgotten.is_some_and(|second| given_at <= second);
        if forgotten || age.is_none_or(|age| age > NONCE_SECONDS) {
            return Some(Verdict::Stale);
        }
        self.forget(now / SECOND);
        let last = self.counts.entry(nonce.to_vec()).or_insert(0);
        if count <= *last {
            return Some(Verdict::Replayed);
        }
        *last = count;
        self.ages.insert((given_at, nonce.to_vec()), ());
        Some(Verdict::Right(user.into()))
    }

    /// Old counts go: their nonces are stale. So does the oldest of too many.
    fn forget(&mut self, seconds: u64) {
        while let Some((oldest, ())) = self.ages.first_key_value() {
            if oldest.0 + NONCE_SECONDS >= seconds && self.ages.len() < REMEMBERED {
                break;
            }
            if oldest.0 + NONCE_SECONDS >= seconds {
                self.forgotten = Some(oldest.0);
            }
            self.counts.remove(&oldest.1);
            self.ages.pop_first();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::client::{Credentials, answer};
    use super::*;
    use crate::sip::message::Message;

    const IP: &str = "192.0.2.9";

    fn refusal(challenges: &[String]) -> Message {
        let lines: String = challenges
            .iter()
            .map(|c| format!("WWW-Authenticate: {c}\r\n"))
            .collect();
        let text = format!(
            "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n{lines}\r\n"
        );
        Message::parse(text.as_bytes()).unwrap()
    }

    fn ask(server: &mut Server, now: Micros, ip: &str, credentials: &str) -> Verdict {
        let known = |user: &str, algorithm: Algorithm| {
            (user == "buyer").then(|| algorithm.ha1(b"buyer", b"tandem", b"s3cret\""))
        };
        server.verify(
            now,
            ip.parse().unwrap(),
            b"INVITE",
            [credentials.as_bytes()].into_iter(),
            known,
        )
    }

    fn credentials(challenges: &[String], password: &str, count: u32) -> String {
        let who = Credentials {
            user: "buyer".into(),
            password: password.into(),
        };
        answer(
            &refusal(challenges),
            &who,
            "INVITE",
            b"sip:1@h",
            "abc",
            count,
        )
        .unwrap()
        .1
    }

    #[test]
    fn our_own_client_satisfies_our_own_server_once_per_count() {
        let mut server = Server::new("tandem", [7; 32]);
        let both = server.challenges(5 * SECOND, IP.parse().unwrap(), false);
        for (offered, algorithm) in [(&both[..], "SHA-256"), (&both[1..], "MD5")] {
            let (one, two) = (
                credentials(offered, "s3cret\"", 1),
                credentials(offered, "s3cret\"", 2),
            );
            assert!(one.contains(algorithm), "{one}");
            let mut server = Server::new("tandem", [7; 32]);
            assert_eq!(
                ask(&mut server, 6 * SECOND, IP, &one),
                Verdict::Right("buyer".into())
            );
            assert_eq!(ask(&mut server, 6 * SECOND, IP, &one), Verdict::Replayed);
            assert_eq!(
                ask(&mut server, 7 * SECOND, IP, &two),
                Verdict::Right("buyer".into())
            );
            assert_eq!(
                ask(
                    &mut server,
                    66 * SECOND,
                    IP,
                    &credentials(offered, "s3cret\"", 3)
                ),
                Verdict::Stale
            );
        }
        let wrong = credentials(&both, "guess", 1);
        assert_eq!(ask(&mut server, 6 * SECOND, IP, &wrong), Verdict::Wrong);
        let elsewhere = credentials(&both, "s3cret\"", 1);
        assert_eq!(
            ask(&mut server, 6 * SECOND, "192.0.2.10", &elsewhere),
            Verdict::Wrong
        );
        assert_eq!(
            ask(
                &mut Server::new("tandem", [8; 32]),
                6 * SECOND,
                IP,
                &elsewhere
            ),
            Verdict::Wrong,
            "another key"
        );
        assert_eq!(
            ask(&mut server, 4 * SECOND, IP, &elsewhere),
            Verdict::Stale,
            "given in the future"
        );
    }

    #[test]
    fn calls_that_begin_in_one_second_are_each_counted_from_one() {
        let mut server = Server::new("tandem", [7; 32]);
        let asked: Vec<_> = (0..3)
            .map(|_| server.challenges(5 * SECOND, IP.parse().unwrap(), false))
            .collect();
        for challenges in &asked {
            let proof = credentials(challenges, "s3cret\"", 1);
            let right = Verdict::Right("buyer".into());
            assert_eq!(ask(&mut server, 6 * SECOND, IP, &proof), right);
            assert_eq!(ask(&mut server, 6 * SECOND, IP, &proof), Verdict::Replayed);
        }
    }

    #[test]
    fn what_had_to_be_forgotten_opens_nothing_again() {
        let mut server = Server::new("tandem", [7; 32]);
        let old = server.challenges(5 * SECOND, IP.parse().unwrap(), false);
        let proof = credentials(&old, "s3cret\"", 1);
        assert_eq!(
            ask(&mut server, 5 * SECOND, IP, &proof),
            Verdict::Right("buyer".into())
        );
        for other in 0..u64::try_from(REMEMBERED).unwrap() {
            server.ages.insert((6, other.to_be_bytes().to_vec()), ());
        }
        server.forget(6);
        assert_eq!(ask(&mut server, 7 * SECOND, IP, &proof), Verdict::Stale);
        let new = server.challenges(8 * SECOND, IP.parse().unwrap(), true);
        assert_eq!(
            ask(
                &mut server,
                8 * SECOND,
                IP,
                &credentials(&new, "s3cret\"", 1)
            ),
            Verdict::Right("buyer".into())
        );
    }

    #[test]
    fn unknown_schemes_and_broken_fields_are_no_credentials() {
        let mut server = Server::new("tandem", [7; 32]);
        for text in [
            "NoOneKnowsThisScheme opaque-data=here",
            "Digest realm=\"other\"",
            "Digest",
            "",
            "Digest realm=\"tandem",
            "Digest a=b a=c",
        ] {
            assert_eq!(ask(&mut server, 0, IP, text), Verdict::Absent, "{text}");
        }
        for text in [
            "Digest realm=\"tandem\"",
            "Digest realm=tandem, username=\"buyer\", nonce=\"\", nc=1, cnonce=x, qop=auth",
        ] {
            assert_eq!(ask(&mut server, 0, IP, text), Verdict::Wrong, "{text}");
        }
    }

    #[test]
    fn remembered_counts_are_bounded() {
        let mut server = Server::new("tandem", [7; 32]);
        for second in 0..3 * u64::try_from(REMEMBERED).unwrap() {
            server.ages.insert((100, second.to_be_bytes().to_vec()), ());
            server.counts.insert(second.to_be_bytes().to_vec(), 1);
            server.forget(100);
            assert!(server.counts.len() <= REMEMBERED && server.ages.len() <= REMEMBERED);
        }
        server.forget(1000);
        assert!(server.counts.is_empty() && server.ages.is_empty());
    }

    #[test]
    fn a_challenge_of_an_unspoken_algorithm_is_passed_over() {
        let strange =
            "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256, qop=\"auth\"".to_string();
        let who = Credentials {
            user: "u".into(),
            password: "p".into(),
        };
        assert!(
            answer(
                &refusal(std::slice::from_ref(&strange)),
                &who,
                "INVITE",
                b"sip:h",
                "c",
                1
            )
            .is_none()
        );
        let old = "Digest realm=\"r\", nonce=\"n\"".to_string();
        let (name, value) =
            answer(&refusal(&[strange, old]), &who, "INVITE", b"sip:h", "c", 1).unwrap();
        assert!(
            name == "Authorization" && value.contains("algorithm=MD5") && !value.contains("qop")
        );
    }
}
