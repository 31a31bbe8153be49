//! Runs of silence and of packets whose bytes are all the same.

/// A run that is long enough to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub from_ms: i64,
    pub until_ms: i64,
}

/// One run at a time; told when it ends, if it lasted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    least_ms: i64,
    open: Option<Span>,
}

impl Run {
    pub fn new(least_ms: i64) -> Self {
        Self {
            least_ms,
            open: None,
        }
    }

    pub fn on(&mut self, holds: bool, from_ms: i64, until_ms: i64) -> Option<Span> {
        if !holds {
            return self.end();
        }
        match &mut self.open {
            Some(span) => span.until_ms = until_ms,
            None => self.open = Some(Span { from_ms, until_ms }),
        }
        None
    }

    pub fn end(&mut self) -> Option<Span> {
        self.open
            .take()
            .filter(|span| span.until_ms - span.from_ms >= self.least_ms)
    }
}
