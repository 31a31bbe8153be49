//! Passwords of tickets: an INVITE with a ticket that has one must prove it (RFC 7616, RFC 8760), whatever address it comes from.
//! Challenged with MD5 and SHA-256, in this order: switches that know MD5 only look at the first challenge and give up at another
//! (Kamailio 5.6, module uac); who knows both may take the second. A nonce is good for a minute and each of its counts once.
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use lcr_core::sip::clock::Micros;
use lcr_core::sip::digest::server::{Server, Verdict};
use lcr_core::sip::message::Message;
use lcr_core::sip::name::Name;

use super::words::Ticket;
use crate::limit::Limiter;

/// What callers hash with their password.
const REALM: &str = "tandem";
/// Wrong answers of one address in a second that are asked once more; what is beyond is refused.
const WRONG_PER_S: u32 = 5;

/// What becomes of an INVITE.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    Open,
    /// 401 with these challenges.
    Ask {
        challenges: [String; 2],
        wrong: bool,
    },
    /// 403: too many wrong answers.
    Closed,
}

pub struct Doorman {
    server: Mutex<Server>,
    wrong: Limiter,
    key: RandomState,
}

impl Doorman {
    /// `key` is random and never leaves the process.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            server: Mutex::new(Server::new(REALM, key)),
            wrong: Limiter::new(WRONG_PER_S),
            key: RandomState::new(),
        }
    }

    pub fn look(&self, now: Micros, ip: IpAddr, invite: &Message, ticket: &Ticket) -> Entry {
        let (Some(user), Some(password)) = (&ticket.username, &ticket.password) else {
            return Entry::Open;
        };
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = server.verify(
            now,
            ip,
            b"INVITE",
            invite.lines(Name::Authorization),
            |given, algorithm| {
                (given == user)
                    .then(|| algorithm.ha1(user.as_bytes(), REALM.as_bytes(), password.as_bytes()))
            },
        );
        let wrong = matches!(verdict, Verdict::Wrong | Verdict::Replayed);
        match verdict {
            Verdict::Right(_) => Entry::Open,
            _ if wrong && self.is_tiring(now, ip) => Entry::Closed,
            _ => {
                let [strongest, oldest] = server.challenges(
                    now,
                    ip,
                    matches!(verdict, Verdict::Stale | Verdict::Replayed),
                );
                Entry::Ask {
                    challenges: [oldest, strongest],
                    wrong,
                }
            }
        }
    }

    fn is_tiring(&self, now: Micros, ip: IpAddr) -> bool {
        let owner = self.key.hash_one(ip.to_canonical());
        self.wrong.take(owner, now.saturating_mul(1000)).is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lcr_core::sip::clock::SECOND;
    use lcr_core::sip::digest::client::{Credentials, answer};
    use lcr_core::sip::message::{phrase, reply};

    const IP: &str = "192.0.2.9";

    fn ticket(words: &str) -> Ticket {
        let whole = format!(r#"{{"ticket_id":1,"code":"8312","trunk_id":1,"offer_id":1{words}}}"#);
        serde_json::from_str(&whole).unwrap()
    }

    fn invite(authorization: &str) -> Message {
        let text = format!(
            "INVITE sip:1@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n{authorization}\r\n"
        );
        Message::parse(text.as_bytes()).unwrap()
    }

    /// The same INVITE, with the answer to these challenges.
    fn proven(challenges: &[String], password: &str) -> Message {
        let address = "192.0.2.1:5060".parse().unwrap();
        let mut out = reply(&invite(""), address, 401, phrase(401), None);
        for challenge in challenges {
            out.header("WWW-Authenticate", challenge);
        }
        let who = Credentials {
            user: "buyer".into(),
            password: password.into(),
        };
        let refusal = Message::parse(&out.end()).unwrap();
        let (name, value) = answer(&refusal, &who, "INVITE", b"sip:1@h", "c", 1).unwrap();
        invite(&format!("{name}: {value}\r\n"))
    }

    #[test]
    fn a_ticket_with_a_password_wants_it_and_one_without_does_not() {
        let (door, ip) = (Doorman::new([7; 32]), IP.parse().unwrap());
        assert_eq!(door.look(0, ip, &invite(""), &ticket("")), Entry::Open);
        let closed = ticket(r#","username":"buyer","password":"s3cret""#);
        let Entry::Ask { challenges, wrong } = door.look(SECOND, ip, &invite(""), &closed) else {
            panic!("it is asked for");
        };
        assert!(!wrong && challenges[0].contains("MD5") && challenges[1].contains("SHA-256"));
        for offered in [&challenges[..1], &challenges[1..]] {
            let door = Doorman::new([7; 32]);
            let right = proven(offered, "s3cret");
            assert_eq!(door.look(SECOND, ip, &right, &closed), Entry::Open);
            let again = door.look(SECOND, ip, &right, &closed);
            assert!(matches!(again, Entry::Ask { wrong: true, .. }), "a replay");
        }
    }

    #[test]
    fn who_guesses_is_asked_five_times_a_second_and_then_refused() {
        let (door, ip) = (Doorman::new([7; 32]), IP.parse().unwrap());
        let closed = ticket(r#","username":"buyer","password":"s3cret""#);
        let Entry::Ask { challenges, .. } = door.look(SECOND, ip, &invite(""), &closed) else {
            panic!("it is asked for");
        };
        let guess = proven(&challenges, "guess");
        let asked = (0..20)
            .filter(|_| door.look(SECOND, ip, &guess, &closed) != Entry::Closed)
            .count();
        assert_eq!(asked, 5);
        let elsewhere = "192.0.2.10".parse().unwrap();
        assert!(matches!(
            door.look(SECOND, elsewhere, &guess, &closed),
            Entry::Ask { wrong: true, .. }
        ));
        let right = proven(&challenges, "s3cret");
        assert_eq!(door.look(SECOND, ip, &right, &closed), Entry::Open);
    }
}
