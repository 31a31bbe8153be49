//! One side's dialog (RFC 3261 section 12) and what is in flight in it.
use std::sync::Arc;

use super::types::Local;
use crate::sip::clock::{Micros, T1, T1_64, T2};
use crate::sip::message::{Message, Writer};
use crate::sip::name::Name;
use crate::sip::peer::Peer;
use crate::sip::value::address::Address;
use crate::sip::value::uri::Uri;

/// Our 2xx to an INVITE, repeated until its ACK comes (RFC 3261 section 13.3.1.4).
#[derive(Debug)]
pub(super) struct Unconfirmed {
    pub cseq: u32,
    pub bytes: Arc<[u8]>,
    pub to: Peer,
    pub again: Micros,
    pub interval: Micros,
    pub until: Micros,
}

impl Unconfirmed {
    pub(super) fn new(now: Micros, cseq: u32, bytes: Arc<[u8]>, to: Peer) -> Self {
        Self {
            cseq,
            bytes,
            to,
            again: now + T1,
            interval: T1,
            until: now + T1_64,
        }
    }

    pub(super) fn deadline(&self) -> Micros {
        self.again.min(self.until)
    }

    /// The copy is sent now; when the next?
    pub(super) fn repeated(&mut self, now: Micros) {
        self.interval = (self.interval * 2).min(T2);
        self.again = now + self.interval;
    }
}

#[derive(Debug)]
pub(super) struct Leg {
    pub call_id: Vec<u8>,
    pub local_tag: String,
    /// None: no answer with a tag yet.
    pub remote_tag: Option<Vec<u8>>,
    /// Our From value without tag, and theirs.
    pub local: Vec<u8>,
    pub remote: Vec<u8>,
    pub target: Vec<u8>,
    pub routes: Vec<Vec<u8>>,
    pub local_cseq: u32,
    pub remote_cseq: u32,
    pub peer: Peer,
    pub contact: Local,
    pub follow: bool,
    /// Both ends know the dialog by a 2xx.
    pub confirmed: bool,
    pub ok: Option<Unconfirmed>,
    /// A 2xx to our INVITE of this number waits for the other side's ACK, whose body it needs.
    pub owes_ack: Option<u32>,
    /// The ACK we sent last, for copies of that 2xx.
    pub ack: Option<(u32, Arc<[u8]>)>,
    /// Credentials the INVITE was taken with; its ACK repeats them.
    pub auth: Option<(&'static str, String)>,
    /// Say goodbye as soon as `ok` is confirmed or given up.
    pub bye_owed: bool,
    pub bye_sent: bool,
}

/// `Record-Route` as a route set: the caller's order is the callee's reversed.
pub(super) fn routes(message: &Message, reversed: bool) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = message
        .values(Name::RecordRoute)
        .map(<[u8]>::to_vec)
        .collect();
    if reversed {
        out.reverse();
    }
    out
}

/// Value of From or To without its parameters, as name-addr.
pub(super) fn without_tag(value: &[u8]) -> Vec<u8> {
    match Address::split(value) {
        Ok(address) => [
            address.display,
            if address.display.is_empty() {
                b""
            } else {
                b" "
            },
            b"<",
            address.uri,
            b">",
        ]
        .concat(),
        Err(_) => value.to_vec(),
    }
}

pub(super) fn target(message: &Message) -> Option<Vec<u8>> {
    let contact = message.contact()?;
    contact.parsed().map(|_| contact.uri.to_vec())
}

pub(super) fn contact(local: &Local) -> String {
    match local.transport.reliable() {
        false => format!("<sip:tandem@{}>", local.address),
        true => format!(
            "<sip:tandem@{};transport={}>",
            local.address,
            local.transport.as_str().to_ascii_lowercase()
        ),
    }
}

pub(super) fn via(local: &Local, branch: &str) -> String {
    format!(
        "SIP/2.0/{} {};branch={branch};rport",
        local.transport.as_str(),
        local.address
    )
}

impl Leg {
    /// Before anything was said on it.
    pub(super) const fn fresh(
        call_id: Vec<u8>,
        local_tag: String,
        peer: Peer,
        contact: Local,
    ) -> Self {
        Self {
            call_id,
            local_tag,
            remote_tag: None,
            local: Vec::new(),
            remote: Vec::new(),
            target: Vec::new(),
            routes: Vec::new(),
            local_cseq: 0,
            remote_cseq: 0,
            peer,
            contact,
            follow: false,
            confirmed: false,
            ok: None,
            owes_ack: None,
            ack: None,
            auth: None,
            bye_owed: false,
            bye_sent: false,
        }
    }

    /// Where requests go: see `Route::follow_contact`.
    pub(super) fn destination(&self) -> Peer {
        let hop = match self.routes.first() {
            Some(route) => Address::split(route).map_or(&b""[..], |a| a.uri),
            None => &self.target,
        };
        let address = Uri::parse(hop).ok().and_then(|uri| {
            let ip = uri.host.and_then(|h| h.ip()).filter(|_| self.follow)?;
            Some(std::net::SocketAddr::new(ip, uri.port.unwrap_or(5060)))
        });
        match address {
            Some(address) if !self.peer.transport.reliable() => Peer {
                address,
                ..self.peer
            },
            _ => self.peer,
        }
    }

    /// Head of a request within the dialog, up to Contact. ACK repeats the number of its INVITE.
    pub(super) fn request(&self, method: &str, cseq: u32, branch: &str) -> Writer {
        let mut out = Writer::request(method.as_bytes(), &self.target);
        out.header("Via", via(&self.contact, branch))
            .header("Max-Forwards", "70");
        for route in &self.routes {
            out.header("Route", route);
        }
        out.pieces("From", &[&self.local, b";tag=", self.local_tag.as_bytes()]);
        match &self.remote_tag {
            Some(tag) => out.pieces("To", &[&self.remote, b";tag=", tag]),
            None => out.header("To", &self.remote),
        };
        out.header("Call-ID", &self.call_id)
            .header("CSeq", format!("{cseq} {method}"));
        if matches!(method, "INVITE" | "UPDATE") {
            out.header("Contact", contact(&self.contact));
        }
        out
    }

    /// What an answer of the far end teaches: tag, target and, until confirmed, routes.
    pub(super) fn learn(&mut self, answer: &Message) {
        if !self.confirmed {
            self.remote_tag = answer.to_tag().map(<[u8]>::to_vec);
            self.routes = routes(answer, true);
        }
        if let Some(target) = target(answer) {
            self.target = target;
        }
    }
}
