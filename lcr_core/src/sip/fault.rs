//! Why a message was refused.

/// What is wrong with a message. A request is answered with `status` where it can be answered at all; a response is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// 400, 413, 416, 501, 505, 513 ...
    pub status: u16,
    /// Names the place in the words of the standard; goes into the reason phrase.
    pub what: &'static str,
}

impl Fault {
    #[must_use]
    pub const fn bad(what: &'static str) -> Self {
        Self { status: 400, what }
    }

    #[must_use]
    pub const fn too_large(what: &'static str) -> Self {
        Self { status: 513, what }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.what)
    }
}

impl std::error::Error for Fault {}
