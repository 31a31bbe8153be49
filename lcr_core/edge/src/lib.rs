//! The edge server: least-cost routing over HTTP. `run` is its one entry point; the bindings call it.
//!
//! Map, from outside in: `config` → `server` (threads, drain) → `listen` → `conn` (one connection) →
//! `head` (`refusal`), `query`, `switches`, `asked` (parsing) → `routes` (`route`) → `lcr` (`caller`, `limit`, `decision_id`) → `engine` (the core) →
//! `answer`. Beside it: `snapshots` (watch and swap), `state` and `control` (what changes without a snapshot), `admission`, `metrics`, `log`, `clock`, `net`.
//! docs/lcr-http.md says what it answers. `sip` and `media` are test calls: their own runtime, their own map.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod admission;
mod answer;
mod asked;
mod batch;
mod breath;
mod caller;
mod class;
mod clock;
mod config;
mod conn;
mod control;
mod decision_id;
mod dip;
mod engine;
mod familiar;
#[cfg(fuzzing)]
pub mod fuzzing;
mod head;
mod lcr;
mod limit;
mod listen;
mod log;
mod media;
mod metrics;
mod net;
mod opening;
mod query;
mod refusal;
mod route;
mod routes;
mod server;
mod sip;
mod snapshots;
mod state;
mod switches;
mod tls;
#[cfg(test)]
mod unlocked;

/// Why the server could not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeError {
    /// `config` or `io`.
    pub code: &'static str,
    pub message: String,
}

impl EdgeError {
    fn config(message: String) -> Self {
        Self {
            code: "config",
            message: format!("edge configuration: {message}"),
        }
    }

    fn io(doing: &str, error: &std::io::Error) -> Self {
        Self {
            code: "io",
            message: format!("edge cannot {doing}: {error}"),
        }
    }
}

impl std::fmt::Display for EdgeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EdgeError {}

/// Thread ids of the event loops of this process and a count that grows while each is alive to its work.
#[must_use]
pub fn breaths() -> Vec<(i32, u64)> {
    breath::drawn()
}

/// Serve until SIGTERM or SIGINT, drain, and return the exit code.
pub fn run(config_json: &str) -> Result<i32, EdgeError> {
    server::serve(config::Settings::parse(config_json)?)
}
