//! An INVITE without a ticket is a question: the routes of the decision that HTTP would give, as Contact headers.
use lcr_core::answer::{Dial, Format};
use lcr_core::number::DigitKey;
use lcr_core::sip::call::Refusal;
use lcr_core::sip::message::Message;
use lcr_core::sip::peer::{Peer, Transport};
use lcr_core::sip::redirect::{self, Answer};
use lcr_core::sip::value::uri::Uri;

use crate::asked;
use crate::decision_id::{self, DecisionIds};
use crate::engine::{Ask, Scratch, Serving};
use crate::query;

/// What a worker's questions use again and again.
pub struct Asking {
    pub ids: DecisionIds,
    scratch: Scratch,
    text: String,
}

impl Asking {
    pub fn new(worker: usize) -> Self {
        Self {
            ids: DecisionIds::new(worker),
            scratch: Scratch::default(),
            text: String::new(),
        }
    }
}

/// User part of the request's address, without escapes, its parameters apart.
pub fn dialled(invite: &Message) -> Option<(String, Vec<(String, String)>)> {
    let uri = Uri::parse(invite.request_uri()).ok()?;
    let user = String::from_utf8(uri.user_text()?).ok()?;
    let mut parts = user.split(';');
    let number = parts.next().unwrap_or("").to_owned();
    let mut parameters: Vec<(String, String)> = Vec::new();
    let tail = String::from_utf8_lossy(uri.params).into_owned();
    for part in parts.chain(tail.split(';')).filter(|p| !p.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        parameters.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    Some((number, parameters))
}

fn escaped(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    out.push_str(name);
    out.push('=');
    lcr_core::answer::safe::form(out, value);
}

/// The refusal (300, 302 or why not) of a question of this peer.
pub fn answer(
    asking: &mut Asking,
    serving: &Serving,
    from: Peer,
    invite: &Message,
    agent: &str,
    now_us: i64,
) -> Refusal {
    let refuse = |code: u16| Refusal {
        code,
        headers: Vec::new(),
    };
    let Some((number, parameters)) = dialled(invite) else {
        return refuse(404);
    };
    let Some((trunk, _)) = serving.access().identify(from.address.ip(), &number) else {
        return refuse(403);
    };
    let parameter = |name: &str| {
        let found = parameters.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    };
    let mut words = String::new();
    escaped(&mut words, "dnis", &number);
    let caller = caller(invite);
    escaped(&mut words, "ani", caller.as_deref().unwrap_or(""));
    if let Some(rn) = parameter("rn") {
        escaped(&mut words, "lrn", rn);
    }
    if parameter("npdi").is_some() {
        escaped(&mut words, "npdi", "1");
    }
    let Ok(read) = query::parse(&words) else {
        return refuse(404);
    };
    let Ok(dnis) = asked::dnis(&read, trunk) else {
        return refuse(404);
    };
    let lrn = asked::optional_number(&read, "lrn").ok().flatten();
    let id = decision_id::hex(asking.ids.next(now_us));
    let call_id = String::from_utf8_lossy(invite.call_id());
    let ask = Ask {
        trunk_id: trunk.trunk_id,
        dnis: dnis.number,
        ani: asked::ani(&read),
        lrn: lrn.or(dnis.rn),
        a_lrn: None,
        npdi: dnis.npdi || parameter("npdi").is_some(),
        dip: None,
        call_id: Some(call_id.get(..128).unwrap_or(&call_id)),
        at_us: now_us,
        max: None,
        explain: false,
        decision_id: std::str::from_utf8(&id).unwrap_or(""),
        format: Format::Text,
        dial: Dial::default(),
    };
    asking.text.clear();
    let Ok(status) = serving.decide(&ask, &mut asking.scratch, &mut asking.text) else {
        return refuse(500);
    };
    let ported = porting(asking.scratch.ported(), parameter("cic"));
    let routes: Vec<String> = asking
        .text
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next())
        .filter(|uri| *uri != "-")
        .map(|uri| match uri.split_once('@') {
            Some((user, host)) => format!("{user}{ported}@{host};user=phone"),
            None => format!("{uri};user=phone"),
        })
        .collect();
    let what = match status {
        "ok" => Answer::Routes(&routes),
        "no_credit" => Answer::Forbidden,
        "blocked" => return refuse(603),
        _ => Answer::NoRoute,
    };
    let datagram = from.transport == Transport::Udp;
    let (code, headers) = redirect::headers(invite, from.address, agent, what, datagram);
    Refusal { code, headers }
}

/// Parameters of the user part (RFC 4694): `npdi` when the number was looked up, `rn` when it is ported, `cic` as it was asked with.
fn porting(looked_up: Option<Option<DigitKey>>, cic: Option<&str>) -> String {
    let mut out = String::new();
    if let Some(routing) = looked_up {
        out.push_str(";npdi");
        if let Some(routing) = routing {
            out.push_str(";rn=+");
            lcr_core::digits::write_key(&mut out, routing);
        }
    }
    let digits = cic.map(|c| c.strip_prefix('+').unwrap_or(c));
    if let (Some(cic), Some(digits)) = (cic, digits)
        && (1..=8).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        out.push_str(";cic=");
        out.push_str(cic);
    }
    out
}

/// The caller's number: P-Asserted-Identity before From; only what is a number.
pub fn caller(message: &Message) -> Option<String> {
    use lcr_core::sip::name::Name;
    let asserted = message.values(Name::PAssertedIdentity).next();
    let values = [asserted, message.header(Name::From)];
    values.into_iter().flatten().find_map(|value| {
        let user = user_of(value)?;
        DigitKey::normalise(&user).map(|_| user)
    })
}

/// User part of an address header's value, without escapes and parameters.
pub fn user_of(value: &[u8]) -> Option<String> {
    let address = lcr_core::sip::value::address::Address::split(value).ok()?;
    let user = Uri::parse(address.uri).ok()?.user_text()?;
    let user = String::from_utf8(user).ok()?;
    Some(user.split(';').next().unwrap_or("").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(uri: &str, from: &str) -> Message {
        let text = format!(
            "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nFrom: {from};tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n"
        );
        Message::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_a_lookup_found_stands_in_the_contacts() {
        let key = DigitKey::from_digits("12155551000");
        assert_eq!(porting(None, None), "");
        assert_eq!(porting(Some(None), None), ";npdi");
        assert_eq!(
            porting(Some(key), Some("+10288")),
            ";npdi;rn=+12155551000;cic=+10288"
        );
        for hostile in ["", "+", "1>;q=1", "123456789", "12a"] {
            assert_eq!(porting(None, Some(hostile)), "", "{hostile}");
        }
    }

    #[test]
    fn a_dialled_number_is_told_from_its_parameters() {
        let m = invite(
            "sip:+4420;npdi;rn=+4421@192.0.2.1;user=phone",
            "\"x\" <sip:331%32@192.0.2.9>",
        );
        let (number, parameters) = dialled(&m).unwrap();
        assert_eq!(number, "+4420");
        let names: Vec<&str> = parameters.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(
            (names, parameters[1].1.as_str()),
            (vec!["npdi", "rn", "user"], "+4421")
        );
        assert_eq!(caller(&m).as_deref(), Some("3312"));
        let anonymous = invite("sip:4420@x", "<sip:anonymous@anonymous.invalid>");
        assert_eq!(caller(&anonymous), None);
    }
}
