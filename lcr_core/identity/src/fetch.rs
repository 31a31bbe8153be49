//! Which certificate addresses may be asked. The address comes from a stranger's header, so only https to hosts on a list is allowed:
//! no address literals, no user part, no odd port.

use crate::IdentityError;

/// More than any chain of STI certificates.
pub const MAX_CERTIFICATE_BYTES: usize = 64 * 1024;
const MAX_ADDRESS_BYTES: usize = 512;

/// Host and port to ask. `allowed` = host names, or `.example` for a whole domain.
pub fn x5u_host<'a>(x5u: &'a str, allowed: &[&str]) -> Result<(&'a str, u16), IdentityError> {
    let refuse = |why: &str| IdentityError::CertificateAddress(why.to_owned());
    if x5u.len() > MAX_ADDRESS_BYTES || !x5u.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refuse("too long, or no plain text"));
    }
    let rest = x5u
        .strip_prefix("https://")
        .ok_or_else(|| refuse("not https"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    if authority.contains(['@', '[', '\\']) {
        return Err(refuse("a user part or an address literal"));
    }
    let (host, port) = match authority.split_once(':') {
        None => (authority, 443),
        Some((host, "443")) => (host, 443),
        Some((host, "8443")) => (host, 8443),
        Some(_) => return Err(refuse("only ports 443 and 8443 are asked")),
    };
    let last = host.rsplit('.').next().unwrap_or("");
    if host.is_empty() || last.is_empty() || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse("no host name"));
    }
    let lower = host.to_ascii_lowercase();
    let named = allowed.iter().any(|rule| match rule.strip_prefix('.') {
        Some(domain) => lower
            .strip_suffix(domain)
            .is_some_and(|left| left.ends_with('.')),
        None => lower == *rule,
    });
    if named {
        Ok((host, port))
    } else {
        Err(refuse("the host is not on the list"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: [&str; 2] = ["certs.example", ".sti.example"];

    #[test]
    fn hosts_on_the_list_are_asked() {
        assert_eq!(
            x5u_host("https://certs.example/a.pem", &ALLOWED),
            Ok(("certs.example", 443))
        );
        assert_eq!(
            x5u_host("https://a.b.STI.example:8443/x", &ALLOWED),
            Ok(("a.b.STI.example", 8443))
        );
    }

    #[test]
    fn everything_else_is_not() {
        let refused = [
            "http://certs.example/a.pem",
            "https://evil.example/a.pem",
            "https://certs.example@evil.example/",
            "https://sti.example/",
            "https://evilsti.example/",
            "https://certs.example:22/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://certs.example.evil.example/",
            "https://certs.example\\@evil/",
            "https:///a",
            "https://certs.example /",
        ];
        for address in refused {
            assert!(x5u_host(address, &ALLOWED).is_err(), "{address}");
        }
    }
}
