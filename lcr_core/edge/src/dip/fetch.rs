//! One question over HTTP/1.0: a connection of its own, read to its end, bounded in bytes; the caller bounds it in time.
use lcr_core::layers::lrn::Answer;
use lcr_core::number::DigitKey;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::DipSettings;

/// Longest answer, head and body.
const MOST_BYTES: usize = 16 * 1024;

/// The answer is none that can be used.
#[derive(Debug, PartialEq, Eq)]
pub struct Unusable;

impl From<std::io::Error> for Unusable {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

/// Ask for the LRN of a number.
pub async fn lrn(settings: &DipSettings, number: DigitKey) -> Result<Answer, Unusable> {
    let stream = TcpStream::connect((settings.host.as_str(), settings.port)).await?;
    let _ = stream.set_nodelay(true);
    let (before, after) = &settings.request;
    let request = format!("{before}{number}{after}");
    let reply = match &settings.tls {
        None => exchange(stream, &request, MOST_BYTES).await?,
        Some((connector, name)) => {
            let stream = connector.connect(name.clone(), stream).await?;
            exchange(stream, &request, MOST_BYTES).await?
        }
    };
    read(&reply, &settings.field)
}

/// Sends a request and reads what comes, up to `most` bytes.
pub async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    request: &str,
    most: usize,
) -> Result<Vec<u8>, Unusable> {
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut reply = Vec::with_capacity(1024);
    loop {
        match stream.read_buf(&mut reply).await {
            Ok(0) => return Ok(reply),
            Ok(_) if whole(&reply) => return Ok(reply),
            Ok(_) if reply.len() > most => return Err(Unusable),
            Ok(_) => {}
            // A peer that leaves without saying so has often said everything.
            Err(_) if whole(&reply) => return Ok(reply),
            Err(_) => return Err(Unusable),
        }
    }
}

/// Are there as many bytes as the head announces? Without an announcement the close is the end.
fn whole(reply: &[u8]) -> bool {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut fields);
    let Ok(httparse::Status::Complete(at)) = head.parse(reply) else {
        return false;
    };
    announced(&head).is_some_and(|length| reply.len() >= at.saturating_add(length))
}

fn announced(head: &httparse::Response<'_, '_>) -> Option<usize> {
    let field = head
        .headers
        .iter()
        .find(|h| h.name.eq_ignore_ascii_case("content-length"))?;
    std::str::from_utf8(field.value).ok()?.trim().parse().ok()
}

/// 200 with digits, or with a JSON object that has them under `field`; an empty text or null there, 204 and 404 mean: not ported.
fn read(reply: &[u8], field: &str) -> Result<Answer, Unusable> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut fields);
    let Ok(httparse::Status::Complete(at)) = head.parse(reply) else {
        return Err(Unusable);
    };
    let body = reply.get(at..).unwrap_or_default();
    let body = match announced(&head) {
        Some(length) => body.get(..length).ok_or(Unusable)?,
        None => body,
    };
    match head.code {
        Some(204 | 404) => return Ok(None),
        Some(200) => {}
        _ => return Err(Unusable),
    }
    let text = std::str::from_utf8(body).map_err(|_| Unusable)?.trim();
    if !text.starts_with('{') {
        return digits(text);
    }
    let object: Value = serde_json::from_str(text).map_err(|_| Unusable)?;
    match object.get(field) {
        Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => digits(text.trim()),
        Some(Value::Number(number)) => digits(&number.to_string()),
        _ => Err(Unusable),
    }
}

/// An LRN: at least as many digits as a number of North America without its 1, which is put in front then.
fn digits(text: &str) -> Result<Answer, Unusable> {
    let text = text.strip_prefix('+').unwrap_or(text);
    if !(10..=15).contains(&text.len()) {
        return Err(Unusable);
    }
    let whole = if text.len() == 10 {
        DigitKey::from_digits(&format!("1{text}"))
    } else {
        DigitKey::from_digits(text)
    };
    whole.map(Some).ok_or(Unusable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(body: &str) -> Result<Option<String>, Unusable> {
        let reply = format!(
            "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        read(reply.as_bytes(), "lrn").map(|a| a.map(|lrn| lrn.to_string()))
    }

    #[test]
    fn digits_and_json_are_read_and_nothing_else() {
        let lrn = Ok(Some("19735550000".to_owned()));
        assert_eq!(of("19735550000\n"), lrn);
        assert_eq!(of("9735550000"), lrn);
        assert_eq!(of("{\"lrn\": \"+19735550000\", \"ocn\": \"7421\"}"), lrn);
        assert_eq!(of("{\"lrn\": 19735550000}"), lrn);
        assert_eq!(of("{\"lrn\": null}"), Ok(None));
        assert_eq!(of("{\"lrn\": \"\"}"), Ok(None));
        for bad in [
            "",
            "hello",
            "{}",
            "{\"lrn\": [1]}",
            "{\"lrn\"",
            "1",
            "12345678901234567",
            "<html>",
        ] {
            assert_eq!(of(bad), Err(Unusable), "{bad}");
        }
        let with = |reply: &str| read(reply.as_bytes(), "lrn");
        assert_eq!(with("HTTP/1.1 404 Not Found\r\n\r\n"), Ok(None));
        assert_eq!(with("HTTP/1.1 500 Oops\r\n\r\n19735550000"), Err(Unusable));
        assert_eq!(
            with("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n19735550000"),
            Err(Unusable)
        );
        assert_eq!(with("19735550000"), Err(Unusable));
    }

    proptest! {
        #[test]
        fn no_reply_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes, "lrn");
            let mut reply = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
            reply.extend(bytes);
            let _ = read(&reply, "lrn");
        }
    }
}
