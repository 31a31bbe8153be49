//! What a request must pass before it is acted on (RFC 3261 section 8.2): method, loops, extensions, content.
use super::message::Message;
use super::method::Method;
use super::name::Name;

/// What this side can do.
#[derive(Debug, Clone, Copy)]
pub struct Abilities {
    pub methods: &'static [Method],
    /// Option tags that Require may name.
    pub extensions: &'static [&'static str],
}

/// What the test-call machine can do.
pub const CALLS: Abilities = Abilities {
    methods: &[
        Method::Invite,
        Method::Ack,
        Method::Bye,
        Method::Cancel,
        Method::Options,
        Method::Prack,
        Method::Update,
        Method::Info,
    ],
    extensions: &["100rel", "timer"],
};

impl Abilities {
    /// The value of an Allow header.
    #[must_use]
    pub fn allow(&self) -> String {
        let names: Vec<&str> = self.methods.iter().map(|m| m.as_str()).collect();
        names.join(", ")
    }
}

/// A refusal and the one header that explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub header: Option<(&'static str, String)>,
}

impl Refusal {
    const fn plain(status: u16) -> Self {
        Self {
            status,
            header: None,
        }
    }
}

/// None: go on. ACK and CANCEL are never refused here: they carry no content and cannot be challenged.
#[must_use]
pub fn screen(request: &Message, abilities: &Abilities) -> Option<Refusal> {
    let method = request.method()?;
    if matches!(method, Method::Ack | Method::Cancel) {
        return None;
    }
    if !abilities.methods.contains(&method) {
        return Some(Refusal {
            status: if method == Method::Other { 501 } else { 405 },
            header: Some(("Allow", abilities.allow())),
        });
    }
    // An OPTIONS of no hops left is for us: it is answered, not forwarded (RFC 4475 3.3.11).
    if request.seconds(Name::MaxForwards) == Some(0) && method != Method::Options {
        return Some(Refusal::plain(483));
    }
    let unknown: Vec<String> = [Name::Require, Name::ProxyRequire]
        .iter()
        .flat_map(|name| request.values(*name))
        .filter(|v| {
            !abilities
                .extensions
                .iter()
                .any(|e| v.eq_ignore_ascii_case(e.as_bytes()))
        })
        .take(8)
        .map(|v| String::from_utf8_lossy(v).into_owned())
        .collect();
    if !unknown.is_empty() {
        return Some(Refusal {
            status: 420,
            header: Some(("Unsupported", unknown.join(", "))),
        });
    }
    content(request, method)
}

fn content(request: &Message, method: Method) -> Option<Refusal> {
    let sessions = matches!(method, Method::Invite | Method::Update | Method::Prack);
    if sessions && !request.body().is_empty() && request.sdp().is_none() && !optional(request) {
        return Some(Refusal {
            status: 415,
            header: Some(("Accept", "application/sdp".into())),
        });
    }
    if request
        .values(Name::ContentEncoding)
        .any(|v| !v.eq_ignore_ascii_case(b"identity"))
    {
        return Some(Refusal {
            status: 415,
            header: Some(("Accept-Encoding", "identity".into())),
        });
    }
    let mut accept = request.values(Name::Accept).peekable();
    let takes_sdp = |v: &[u8]| {
        let kind = v.split(|b| *b == b';').next().unwrap_or(v).trim_ascii();
        [
            &b"application/sdp"[..],
            b"application/*",
            b"*/*",
            b"multipart/mixed",
        ]
        .iter()
        .any(|k| kind.eq_ignore_ascii_case(k))
    };
    if method == Method::Invite && accept.peek().is_some() && !accept.any(takes_sdp) {
        return Some(Refusal::plain(406));
    }
    None
}

/// `Content-Disposition: ...;handling=optional`.
fn optional(request: &Message) -> bool {
    request.header(Name::ContentDisposition).is_some_and(|v| {
        let at = memchr::memchr(b';', v).unwrap_or(v.len());
        super::value::params::Params::value(&v[at..], b"handling")
            .is_some_and(|h| h.eq_ignore_ascii_case(b"optional"))
    })
}
