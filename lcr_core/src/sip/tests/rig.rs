//! The call machine by hand: what one side says, and what the other hears.
use super::world::{A, B, SDP, X, machine, peer, route, target};
use crate::sip::call::{B2bua, Decision, Event, Input, Record, Route};
use crate::sip::clock::{Micros, SECOND};
use crate::sip::message::{Message, Writer, phrase, reply};
use crate::sip::name::Name;
use crate::sip::peer::Peer;

pub(super) const C: &str = "203.0.113.2:5060";

/// The machine, its clock, and what it said to whom.
pub(super) struct Rig {
    pub(super) machine: B2bua,
    pub(super) now: Micros,
    pub(super) route: Route,
    pub(super) records: Vec<Record>,
    pub(super) contacts: Vec<Vec<u8>>,
    pub(super) branch: u32,
    /// Asked and not answered yet, where `hold` is set.
    pub(super) hold: bool,
}

pub(super) type Said = Vec<(Peer, Message)>;

impl Rig {
    pub(super) fn new(route: Route) -> Self {
        Self {
            machine: machine(),
            now: SECOND,
            route,
            records: vec![],
            contacts: vec![],
            branch: 0,
            hold: false,
        }
    }

    pub(super) fn plain() -> Self {
        Self::new(route(vec![target("b", B)]))
    }

    pub(super) fn step(&mut self, input: Input<'_>) -> Said {
        let actions = self.machine.step(self.now, input);
        let mut said: Said = actions
            .send
            .into_iter()
            .map(|o| (o.to, Message::parse(&o.bytes).unwrap()))
            .collect();
        for event in actions.events {
            match event {
                Event::Ask { call, .. } if !self.hold => {
                    let decision = Decision::Route(Box::new(self.route.clone()));
                    said.extend(self.step(Input::Decide { call, decision }));
                }
                Event::Redirected { call, contacts } => {
                    self.contacts.extend(contacts);
                    let decision = Decision::Route(Box::new(route(vec![target("c", C)])));
                    said.extend(self.step(Input::Decide { call, decision }));
                }
                Event::Ended(record) => self.records.push(*record),
                _ => {}
            }
        }
        said
    }

    pub(super) fn says(&mut self, from: &str, bytes: &[u8]) -> Said {
        self.step(Input::Packet {
            from: peer(from),
            bytes,
        })
    }

    /// Runs the clock to this instant; what was said on the way.
    pub(super) fn until(&mut self, at: Micros) -> Said {
        let mut said = vec![];
        while let Some(next) = self.machine.deadline().filter(|d| *d <= at) {
            self.now = self.now.max(next);
            said.extend(self.step(Input::Time));
        }
        self.now = at;
        said
    }

    pub(super) fn a(
        &mut self,
        method: &str,
        cseq: u32,
        tag: Option<&Message>,
        extra: &[(&str, &str)],
        body: &[u8],
    ) -> Said {
        self.branch += 1;
        let mut out = Writer::request(method.as_bytes(), b"sip:4420@192.0.2.1");
        out.header(
            "Via",
            format!("SIP/2.0/UDP {A};rport;branch=z9hG4bKa{}", self.branch),
        );
        out.header("From", "<sip:331@198.51.100.1>;tag=a");
        out.header(
            "To",
            tag.map_or(&b"<sip:4420@192.0.2.1>"[..], |m| {
                m.header(Name::To).unwrap()
            }),
        );
        out.header("Call-ID", "c1")
            .header("CSeq", format!("{cseq} {method}"))
            .header("Contact", format!("<sip:a@{A}>"));
        for (name, value) in extra {
            out.header(name, value);
        }
        let kind = if method == "INFO" {
            &b"application/dtmf-relay"[..]
        } else {
            b"application/sdp"
        };
        let bytes = out.body((!body.is_empty()).then_some(kind), body);
        self.says(A, &bytes)
    }

    pub(super) fn b(
        &mut self,
        method: &str,
        cseq: u32,
        invite: &Message,
        extra: &[(&str, &str)],
        body: &[u8],
    ) -> Said {
        self.branch += 1;
        let mut out = Writer::request(method.as_bytes(), invite.contact().unwrap().uri);
        out.header(
            "Via",
            format!("SIP/2.0/UDP {B};rport;branch=z9hG4bKb{}", self.branch),
        );
        out.pieces("From", &[invite.header(Name::To).unwrap(), b";tag=b"])
            .header("To", invite.header(Name::From).unwrap());
        out.header("Call-ID", invite.call_id())
            .header("CSeq", format!("{cseq} {method}"))
            .header("Contact", format!("<sip:b@{B}>"));
        for (name, value) in extra {
            out.header(name, value);
        }
        let bytes = out.body((!body.is_empty()).then_some(b"application/sdp"), body);
        self.says(B, &bytes)
    }

    /// An answer to what the machine asked.
    pub(super) fn answers(
        &mut self,
        who: &str,
        request: &Message,
        code: u16,
        tag: &str,
        extra: &[(&str, &str)],
        body: &[u8],
    ) -> Said {
        let mut out = reply(
            request,
            X.parse().unwrap(),
            code,
            phrase(code),
            Some(tag.as_bytes()),
        );
        if !extra.iter().any(|(name, _)| *name == "Contact") {
            out.header("Contact", format!("<sip:x@{who}>"));
        }
        for (name, value) in extra {
            out.header(name, value);
        }
        let bytes = out.body((!body.is_empty()).then_some(b"application/sdp"), body);
        self.says(who, &bytes)
    }

    /// A whole call: (INVITE as the callee got it, 200 as the caller got it).
    pub(super) fn connect(
        &mut self,
        extra: &[(&str, &str)],
        answer: &[(&str, &str)],
    ) -> (Message, Message) {
        let said = self.a("INVITE", 1, None, extra, SDP);
        let invite = only(&said, "INVITE");
        let said = self.answers(B, &invite, 200, "b", answer, SDP);
        only(&said, "ACK");
        let ok = code(&said, 200);
        self.a("ACK", 1, Some(&ok), &[], b"");
        (invite, ok)
    }

    /// Everything runs out; one record, nothing left.
    pub(super) fn ended(mut self) -> Record {
        self.until(self.now + 500 * SECOND);
        assert!(self.machine.is_empty(), "{:#?}", self.machine);
        assert_eq!(self.records.len(), 1);
        self.records.remove(0)
    }
}

pub(super) fn only(said: &Said, method: &str) -> Message {
    let mut found = said
        .iter()
        .filter(|(_, m)| m.method_text() == method.as_bytes());
    let out = found
        .next()
        .unwrap_or_else(|| panic!("no {method} in {:?}", codes(said)))
        .1
        .clone();
    assert!(found.next().is_none(), "one {method}");
    out
}

pub(super) fn code(said: &Said, code: u16) -> Message {
    said.iter()
        .find(|(_, m)| m.code() == code)
        .unwrap_or_else(|| panic!("no {code} in {:?}", codes(said)))
        .1
        .clone()
}

pub(super) fn codes(said: &Said) -> Vec<(String, u16)> {
    said.iter()
        .map(|(_, m)| {
            (
                String::from_utf8_lossy(m.method_text()).into_owned(),
                m.code(),
            )
        })
        .collect()
}
