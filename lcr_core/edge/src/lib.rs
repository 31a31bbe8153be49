//! The edge server. `run` is its one entry point; the bindings call it.

/// Why the server could not start or had to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeError {
    pub code: &'static str,
    pub message: String,
}

impl std::fmt::Display for EdgeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EdgeError {}

/// Serve until SIGTERM or SIGINT; returns the exit code.
pub fn run(_config_json: &str) -> Result<i32, EdgeError> {
    Err(EdgeError { code: "edge_missing", message: "this build holds no edge server".to_owned() })
}
