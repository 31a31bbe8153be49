//! Messages with the features of RFC 4475 section 3, written by us: those whose bit-exact copies the shared fixtures lack.
//! Names, numbers and identifiers are our own; what each message is about is what the RFC's section says it is about.

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\n\
m=audio 40000 RTP/AVP 0 12\r\nm=video 40002 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n";

/// A plain message to be spoilt: start line, header lines in order, body.
struct Draft {
    start: String,
    lines: Vec<(String, String)>,
    body: String,
}

impl Draft {
    fn start(start: &str, method: &str, name: &str) -> Self {
        let mut draft = Self {
            start: start.to_owned(),
            lines: Vec::new(),
            body: String::new(),
        };
        draft
            .add("Via: SIP/2.0/UDP client.example.net;branch=z9hG4bKtandem1")
            .add("Max-Forwards: 70")
            .add("From: <sip:anna@example.net>;tag=a1")
            .add("To: <sip:bert@example.com>")
            .add(&format!("Call-ID: {name}.tandem@client.example.net"))
            .add(&format!("CSeq: 41 {method}"));
        draft
    }

    fn request(method: &str, name: &str) -> Self {
        Self::start(
            &format!("{method} sip:bert@example.com SIP/2.0"),
            method,
            name,
        )
    }

    fn options(name: &str) -> Self {
        Self::request("OPTIONS", name)
    }

    fn register(name: &str) -> Self {
        let mut draft = Self::start("REGISTER sip:example.com SIP/2.0", "REGISTER", name);
        draft.replace("To", "To: <sip:anna@example.net>");
        draft
    }

    fn invite(name: &str) -> Self {
        let mut draft = Self::request("INVITE", name);
        draft.add("Contact: <sip:anna@client.example.net>").offer();
        draft
    }

    fn begin(&mut self, start: &str) -> &mut Self {
        self.start = start.to_owned();
        self
    }

    /// A line as it stands; its name is what comes before the colon.
    fn add(&mut self, line: &str) -> &mut Self {
        let name = line.split(':').next().unwrap_or("").trim();
        self.lines.push((name.to_owned(), line.to_owned()));
        self
    }

    fn drop(&mut self, name: &str) -> &mut Self {
        self.lines.retain(|(n, _)| n != name);
        self
    }

    fn replace(&mut self, name: &str, line: &str) -> &mut Self {
        for (n, text) in &mut self.lines {
            if n == name {
                line.clone_into(text);
            }
        }
        self
    }

    fn offer(&mut self) -> &mut Self {
        self.body = SDP.to_owned();
        self.add("Content-Type: application/sdp")
            .add(&format!("Content-Length: {}", SDP.len()))
    }

    fn text(&self) -> String {
        let mut out = format!("{}\r\n", self.start);
        for (_, line) in &self.lines {
            out += line;
            out += "\r\n";
        }
        format!("{out}\r\n{}", self.body)
    }
}

/// Valid messages (section 3.1.1).
fn valid(name: &str) -> Option<String> {
    Some(match name {
        // Escapes in user parts, in a parameter's name and value, an escaped percent sign, an escaped scheme in a user part.
        "esc01" => Draft::invite(name)
            .begin("INVITE sip:sips%3Abert%40example.org@example.com SIP/2.0")
            .replace("To", "To: sip:%62er%74@example.com")
            .replace("From", "From: <sip:anna%20of%20the%20north@example.net>;tag=a1")
            .replace("Contact", "Contact:\r\n  <sip:ann%61@client.example.net;%78%79;p%61r=v%61lue%25%34%32>")
            .text(),
        // Escaped nulls are characters like others.
        "escnull" => Draft::register(name)
            .replace("To", "To: sip:nil-%00-nil@example.net")
            .replace("From", "From: sip:nil-%00-nil@example.net;tag=a1")
            .add("Contact: <sip:%00@client.example.net>")
            .add("Contact: <sip:%00%00@client.example.net>")
            .text(),
        // No blank between display name and bracket.
        "lwsdisp" => Draft::options(name)
            .replace("From", "From: Anna<sip:anna@example.net>;tag=a1")
            .text(),
        "longreq" => longreq(),
        // Semicolons that belong to the user part.
        "semiuri" => Draft::options(name)
            .begin("OPTIONS sip:bert;team=b%40example.org@example.com SIP/2.0")
            .add("Accept: application/sdp, application/pkcs7-mime,\r\n\t multipart/mixed, message/sipfrag")
            .text(),
        // Transports known, unknown and made up.
        "transports" => {
            let mut draft = Draft::options(name);
            for (n, kind) in ["SCTP", "TLS", "PIGEON", "TCP"].iter().enumerate() {
                draft.add(&format!("Via: SIP/2.0/{kind} hop{n}.example.com;branch=z9hG4bKhop{n}"));
            }
            draft.text()
        }
        // A body of several parts, one of them binary.
        "mpart01" => {
            let body = "--tandem-part\r\nContent-Type: text/plain\r\n\r\nGood day\r\n\
--tandem-part\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n\
\u{1}\u{2}\u{0}\u{7f}\u{e9}\r\n--tandem-part--\r\n";
            let mut draft = Draft::request("MESSAGE", name);
            draft
                .add("Content-Type: multipart/mixed;boundary=tandem-part")
                .add(&format!("Content-Length: {}", body.len()));
            draft.body = body.to_owned();
            draft.text()
        }
        // Bytes beyond ASCII and signs of all kinds in the reason phrase.
        "unreason" => Draft::start("SIP/2.0 200 = 10**2 * 2: принято, 接受", "INVITE", name)
            .replace("To", "To: <sip:bert@example.com>;tag=b2")
            .add("Contact: <sip:bert@server.example.com>")
            .offer()
            .text(),
        _ => return None,
    })
}

/// Invalid messages (section 3.1.2).
fn invalid(name: &str) -> Option<String> {
    Some(match name {
        // More announced than there is.
        "clerr" => Draft::invite(name)
            .replace("Content-Length", "Content-Length: 8765")
            .text(),
        "ncl" => Draft::invite(name)
            .replace("Content-Length", "Content-Length: -150")
            .text(),
        // Numbers beyond every type: CSeq, Retry-After, a warning's code.
        "scalarlg" => Draft::start("SIP/2.0 503 Service Unavailable", "OPTIONS", name)
            .replace("To", "To: <sip:bert@example.com>;tag=b2")
            .replace("CSeq", "CSeq: 8123456789012345678901 OPTIONS")
            .add("Retry-After: 712345678901234567890123")
            .add("Warning: 1712 server \"Later\"")
            .text(),
        // Several blanks around the request's address.
        "lwsstart" => Draft::invite(name)
            .begin("INVITE  sip:bert@example.com  SIP/2.0")
            .text(),
        // A comma in a display name without quotes.
        "baddn" => Draft::options(name)
            .replace("From", "From: Berg, Anna <sip:anna@example.net>;tag=a1")
            .text(),
        "badvers" => Draft::options(name)
            .begin("OPTIONS sip:bert@example.com SIP/6.1")
            .replace(
                "Via",
                "Via: SIP/6.1/UDP client.example.net;branch=z9hG4bKtandem1",
            )
            .text(),
        // The method of CSeq is another.
        "mismatch01" => Draft::options(name)
            .replace("CSeq", "CSeq: 41 INVITE")
            .text(),
        _ => return None,
    })
}

/// Transaction, application and backward compatibility (sections 3.2 to 3.4).
fn further(name: &str) -> Option<String> {
    Some(match name {
        // The cookie and nothing behind it.
        "badbranch" => Draft::options(name)
            .replace("Via", "Via: SIP/2.0/UDP client.example.net;branch=z9hG4bK")
            .text(),
        // Neither From, To, Call-ID nor Max-Forwards.
        "insuf" => Draft::invite(name)
            .drop("From")
            .drop("To")
            .drop("Call-ID")
            .drop("Max-Forwards")
            .text(),
        "unkscm" => Draft::options(name)
            .begin("OPTIONS strangescheme:whateverthatis SIP/2.0")
            .text(),
        // A known form of a scheme that is none of SIP's.
        "novelsc" => Draft::options(name)
            .begin("OPTIONS novel.beep://192.0.2.30:3002 SIP/2.0")
            .text(),
        "bext01" => Draft::options(name)
            .add("Require: noSuchThing, norThisThing")
            .add("Proxy-Require: noProxyHasThis")
            .text(),
        "regaut01" => Draft::register(name)
            .add("Authorization: SchemeOfTheFuture opaque=abc")
            .text(),
        // No Max-Forwards left.
        "zeromf" => Draft::options(name)
            .replace("Max-Forwards", "Max-Forwards: 0")
            .text(),
        // A parameter of the contact that nobody knows.
        "cparam02" => Draft::register(name)
            .add("Contact: <sip:+442079460000@gw.example.net;novelty>")
            .text(),
        // A header field within the contact's address.
        "regescrt" => Draft::register(name)
            .add("Contact: <sip:anna@example.net?Route=%3Csip:hop.example.net%3E>")
            .text(),
        // As a client of RFC 2543 wrote: no branch, no tag, no Max-Forwards, no Content-Length.
        "inv2543" => {
            let mut draft = Draft::request("INVITE", name);
            draft
                .replace("Via", "Via: SIP/2.0/UDP old.example.net")
                .replace(
                    "From",
                    "From: <sip:+442079460000@old.example.net;user=phone>",
                )
                .drop("Max-Forwards")
                .add("Record-Route: <sip:bert@example.com;maddr=hop.example.com>")
                .add("Content-Type: application/sdp");
            draft.body = SDP.to_owned();
            draft.text()
        }
        _ => return None,
    })
}

/// Long values and many of them: each within what a carrier may send.
fn longreq() -> String {
    let many = |word: &str, times: usize| word.repeat(times);
    let mut draft = Draft::invite("longreq");
    draft
        .replace(
            "To",
            &format!(
                "To: \"Bert of {} titles\"<sip:bert@example.com:6000;novel=so{}long;par{}=x;flag{}>",
                many("many", 12),
                many("very", 18),
                many("param", 20),
                many("flag", 24),
            ),
        )
        .replace(
            "From",
            &format!(
                "f: sip:{}@example.net;tag=9{}1;head{}=val{};bare{}",
                many("annawithaverylongname", 6),
                many("735", 40),
                many("head", 20),
                many("val", 20),
                many("bare", 12),
            ),
        )
        .replace("Call-ID", &format!("Call-ID: longreq.{}", many("really", 22)))
        .add(&format!("X-{}: {}; {}={}", many("Long", 18), many("word", 20), many("name", 20), many("text", 20)));
    let spellings = ["Via:", "v:", "V:", "VIA:", "viA:", "v :", "Via :", "V  :"];
    for number in 1..=33 {
        let name = spellings[number % spellings.len()];
        draft.add(&format!("{name} SIP/2.0/TCP hop{number}.example.com"));
    }
    draft.add(&format!(
        "Via: SIP/2.0/TCP last.example.com;branch={}",
        many("long", 45)
    ));
    draft.text()
}

/// The message of this name as it goes over the wire.
pub(super) fn text(name: &str) -> Option<String> {
    valid(name)
        .or_else(|| invalid(name))
        .or_else(|| further(name))
}
