//! Our own ends of calls: user agents within the process. The call machine stands between them and the network, so that every
//! retransmission, race and limit is its business; here is only what a telephone says.
use std::net::SocketAddr;
use std::sync::Arc;

use lcr_core::sip::clock::Micros;
use lcr_core::sip::message::{Message, Writer, phrase, reply};
use lcr_core::sip::method::Method;
use lcr_core::sip::name::Name;
use lcr_core::sip::peer::{Peer, Transport};

/// Addresses that name the inside in Via and Contact; nothing is ever sent there.
const MACHINE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);
const AGENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 10);

/// How the call machine reaches and hears an agent.
pub const INSIDE: Peer = Peer {
    transport: Transport::Inside,
    address: AGENT,
    socket: 0,
};

/// The machine's own address inside.
pub fn local() -> lcr_core::sip::call::Local {
    lcr_core::sip::call::Local {
        transport: Transport::Inside,
        address: MACHINE,
    }
}

const CONTACT: &str = "<sip:end@127.0.0.1:10;transport=tcp>";

/// Number of our one reliable progress.
const RSEQ: &str = "1";
/// When an unconfirmed 180 is said again (RFC 3262 section 3): T1, and twice as long each time.
const AGAIN_MS: [u64; 6] = [500, 1500, 3500, 7500, 15_500, 31_500];

/// Rings at once and answers after so long.
pub fn plan(ring_ms: u64) -> Vec<(Micros, Act)> {
    let rings = std::iter::once(0)
        .chain(AGAIN_MS)
        .filter(|at| *at < ring_ms.max(1));
    rings
        .map(|at| (at * 1000, Act::Ring))
        .chain([(ring_ms * 1000, Act::Answer)])
        .collect()
}

/// What an agent does later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Ring,
    Answer,
    Refuse(u16),
}

#[derive(Debug)]
pub enum Agent {
    Caller(Caller),
    Callee(Callee),
}

impl Agent {
    /// What it says to a message.
    pub fn hear(&mut self, message: &Message) -> Vec<Arc<[u8]>> {
        match self {
            Self::Caller(caller) => caller.hear(message),
            Self::Callee(callee) => callee.hear(message),
        }
    }
}

/// The end that calls.
#[derive(Debug)]
pub struct Caller {
    pub call_id: String,
    number: String,
    from: String,
    sdp: Vec<u8>,
    /// Number of the last request, and of the last reliable progress that was confirmed.
    cseq: u32,
    confirmed: u32,
}

impl Caller {
    pub fn new(call_id: String, number: String, from: Option<&str>, sdp: Vec<u8>) -> Self {
        Self {
            call_id,
            number,
            from: from.unwrap_or("anonymous").to_owned(),
            sdp,
            cseq: 1,
            confirmed: 0,
        }
    }

    /// `branch` is made one of this call alone: transactions of other calls must not be met.
    fn head(
        &self,
        (method, cseq): (&str, u32),
        uri: &[u8],
        branch: &str,
        to_tag: Option<&[u8]>,
    ) -> Writer {
        let mut out = Writer::request(method.as_bytes(), uri);
        out.header(
            "Via",
            format!(
                "SIP/2.0/TCP {AGENT};branch=z9hG4bK{branch}-{}",
                self.call_id
            ),
        )
        .header("Max-Forwards", "70")
        .header(
            "From",
            format!("<sip:{}@inside.invalid>;tag=end", self.from),
        );
        let to = format!("<sip:{}@inside.invalid>", self.number);
        match to_tag {
            Some(tag) => out.pieces("To", &[to.as_bytes(), b";tag=", tag]),
            None => out.header("To", to),
        };
        out.header("Call-ID", &self.call_id)
            .header("CSeq", format!("{cseq} {method}"));
        out
    }

    pub fn invite(&self) -> Arc<[u8]> {
        let uri = format!("sip:{}@inside.invalid", self.number);
        let mut out = self.head(("INVITE", 1), uri.as_bytes(), "i", None);
        out.header("Contact", CONTACT).header("Supported", "100rel");
        out.body(Some(b"application/sdp"), &self.sdp)
    }

    fn hear(&mut self, message: &Message) -> Vec<Arc<[u8]>> {
        if message.method().is_some() {
            return within(message, &self.sdp);
        }
        if message.cseq_method() != Method::Invite {
            return Vec::new();
        }
        if message.code() < 200 {
            return self.prack(message).into_iter().collect();
        }
        let uri = format!("sip:{}@inside.invalid", self.number);
        let contact = message.contact().map(|c| c.uri.to_vec());
        let ack = if message.code() < 300 {
            let target = contact.unwrap_or_else(|| uri.into_bytes());
            self.head(("ACK", 1), &target, "a", message.to_tag())
        } else {
            self.head(("ACK", 1), uri.as_bytes(), "i", message.to_tag())
        };
        vec![ack.end()]
    }

    /// Confirms progress that wants it (RFC 3262), each once.
    fn prack(&mut self, progress: &Message) -> Option<Arc<[u8]>> {
        let rseq = progress
            .seconds(Name::RSeq)
            .filter(|_| progress.has_option(Name::Require, "100rel"))?;
        let target = progress.contact()?.uri.to_vec();
        if rseq <= self.confirmed {
            return None;
        }
        (self.confirmed, self.cseq) = (rseq, self.cseq + 1);
        let branch = format!("p{rseq}");
        let head = ("PRACK", self.cseq);
        let mut prack = self.head(head, &target, &branch, progress.to_tag());
        prack.header("RAck", format!("{rseq} 1 INVITE"));
        Some(prack.end())
    }
}

/// Requests within a call that any end answers alike.
fn within(request: &Message, sdp: &[u8]) -> Vec<Arc<[u8]>> {
    let answer = |code: u16| reply(request, MACHINE, code, phrase(code), Some(b"end"));
    match request.method() {
        Some(Method::Ack) | None => Vec::new(),
        Some(Method::Invite | Method::Update)
            if request.sdp().is_some() || request.method() == Some(Method::Invite) =>
        {
            let mut out = answer(200);
            out.header("Contact", CONTACT);
            vec![out.body(Some(b"application/sdp"), sdp)]
        }
        Some(_) => {
            let mut out = answer(200);
            if request.method() == Some(Method::Update) {
                out.header("Contact", CONTACT);
            }
            vec![out.end()]
        }
    }
}

/// The end that is called.
#[derive(Debug)]
pub struct Callee {
    invite: Option<Arc<Message>>,
    sdp: Vec<u8>,
    done: bool,
    /// Our 180, and whether it waits for its PRACK.
    rang: Option<Arc<[u8]>>,
    unconfirmed: bool,
    /// What it does, and how long after the INVITE.
    pub plan: Vec<(Micros, Act)>,
}

impl Callee {
    pub fn new(sdp: Vec<u8>, plan: Vec<(Micros, Act)>) -> Self {
        Self {
            invite: None,
            sdp,
            done: false,
            rang: None,
            unconfirmed: false,
            plan,
        }
    }

    fn hear(&mut self, message: &Message) -> Vec<Arc<[u8]>> {
        match message.method() {
            Some(Method::Invite) if self.invite.is_none() => {
                self.invite = Some(Arc::new(message.clone()));
                Vec::new()
            }
            Some(Method::Cancel) => {
                let mut out = vec![reply(message, MACHINE, 200, phrase(200), Some(b"end")).end()];
                out.extend(self.act(Act::Refuse(487)));
                out
            }
            Some(method) => {
                self.unconfirmed &= method != Method::Prack;
                within(message, &self.sdp)
            }
            None => Vec::new(),
        }
    }

    /// Says what its plan has come to; nothing after the final answer.
    pub fn act(&mut self, act: Act) -> Option<Arc<[u8]>> {
        let invite = self.invite.as_ref().filter(|_| !self.done)?;
        if act == Act::Ring && self.rang.is_some() {
            // Again and again, until a caller that can confirm has done so.
            return self.rang.clone().filter(|_| self.unconfirmed);
        }
        let code = match act {
            Act::Ring => 180,
            Act::Answer => 200,
            Act::Refuse(code) => code,
        };
        self.done = code >= 200;
        let mut out = reply(invite, MACHINE, code, phrase(code), Some(b"end"));
        if code >= 300 {
            return Some(out.end());
        }
        out.header("Contact", CONTACT);
        if act == Act::Answer {
            return Some(out.body(Some(b"application/sdp"), &self.sdp));
        }
        let reliable = [Name::Supported, Name::Require]
            .iter()
            .any(|name| invite.has_option(*name, "100rel"));
        if reliable {
            out.header("Require", "100rel").header("RSeq", RSEQ);
        }
        let bytes = out.end();
        (self.rang, self.unconfirmed) = (Some(Arc::clone(&bytes)), reliable);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(bytes: &[u8]) -> Message {
        Message::parse(bytes).unwrap()
    }

    #[test]
    fn a_caller_invites_and_acknowledges_what_comes() {
        let mut caller = Caller::new("c1".into(), "4420".into(), Some("331"), b"v=0\r\n".to_vec());
        let invite = parsed(&caller.invite());
        assert_eq!(
            (invite.call_id(), invite.body()),
            (&b"c1"[..], &b"v=0\r\n"[..])
        );
        let answer = |code: u16| {
            let mut out = reply(&invite, AGENT, code, phrase(code), Some(b"m"));
            out.header("Contact", "<sip:tandem@127.0.0.1:9;transport=tcp>");
            parsed(&out.end())
        };
        assert!(caller.hear(&answer(180)).is_empty());
        let ack = parsed(&caller.hear(&answer(200))[0]);
        assert_eq!(
            (ack.method(), ack.to_tag()),
            (Some(Method::Ack), Some(&b"m"[..]))
        );
        assert_ne!(ack.branch(), invite.branch());
        let ack = parsed(&caller.hear(&answer(486))[0]);
        assert_eq!(
            ack.branch(),
            invite.branch(),
            "a refusal's ACK belongs to its INVITE"
        );
    }

    #[test]
    fn a_callee_follows_its_plan_until_its_final_answer() {
        let caller = Caller::new("c1".into(), "4420".into(), None, b"v=0\r\n".to_vec());
        let mut callee = Callee::new(
            b"v=0\r\no=x\r\n".to_vec(),
            vec![(0, Act::Ring), (5, Act::Answer)],
        );
        assert!(callee.act(Act::Ring).is_none(), "nobody called yet");
        assert!(callee.hear(&parsed(&caller.invite())).is_empty());
        assert_eq!(parsed(&callee.act(Act::Ring).unwrap()).code(), 180);
        let ok = parsed(&callee.act(Act::Answer).unwrap());
        assert_eq!((ok.code(), ok.body()), (200, &b"v=0\r\no=x\r\n"[..]));
        assert!(callee.act(Act::Refuse(487)).is_none());
    }

    #[test]
    fn both_ends_confirm_progress_that_wants_it() {
        let mut caller = Caller::new("c1".into(), "4420".into(), None, b"v=0\r\n".to_vec());
        let invite = parsed(&caller.invite());
        let mut callee = Callee::new(Vec::new(), plan(2000));
        let times: Vec<Micros> = callee.plan.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [0, 500_000, 1_500_000, 2_000_000]);
        callee.hear(&invite);
        let first = callee.act(Act::Ring).unwrap();
        assert_eq!(
            callee.act(Act::Ring),
            Some(Arc::clone(&first)),
            "said again"
        );
        let progress = parsed(&first);
        let prack = parsed(&caller.hear(&progress)[0]);
        assert_eq!(
            (prack.method(), prack.header(Name::RAck), prack.cseq()),
            (Some(Method::Prack), Some(&b"1 1 INVITE"[..]), 2)
        );
        assert!(
            caller.hear(&progress).is_empty(),
            "a copy is confirmed already"
        );
        assert_eq!(parsed(&callee.hear(&prack)[0]).code(), 200);
        assert!(callee.act(Act::Ring).is_none(), "confirmed");
        assert_eq!(parsed(&callee.act(Act::Answer).unwrap()).code(), 200);
    }
}
