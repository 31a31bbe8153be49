//! Which path is what: its class in the metrics, its form of answer, its methods and the longest body it takes.
use lcr_core::answer::Format;

use crate::head::{MAX_BODY_BYTES, Method};
use crate::metrics::Route;

/// Longest body of everything but batches and commands, in bytes.
const SMALL_BODY_BYTES: usize = 64 * 1024;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    pub route: Route,
    /// The form that the path itself asks for.
    pub format: Option<Format>,
}

impl Target {
    const fn of(route: Route) -> Self {
        Self {
            route,
            format: None,
        }
    }

    #[must_use]
    pub fn at(path: &str) -> Self {
        match path {
            "/v1/lcr" => Self::of(Route::Lcr),
            "/v1/lcr/batch" => Self::of(Route::Batch),
            "/healthz" => Self::of(Route::Healthz),
            "/readyz" => Self::of(Route::Readyz),
            "/metrics" => Self::of(Route::Metrics),
            "/v1/calls" | "/v1/control/sip" => Self::of(Route::Calls),
            _ if path.starts_with("/v1/calls/") => Self::of(Route::Calls),
            _ if path.starts_with("/v1/control/") => Self::of(Route::Control),
            _ => match path.strip_prefix("/v1/lcr/").and_then(Format::named) {
                Some(format) => Self {
                    route: Route::Lcr,
                    format: Some(format),
                },
                None => Self::of(Route::Other),
            },
        }
    }

    /// The methods of the path, as `Allow` names them.
    #[must_use]
    pub fn methods(self) -> &'static str {
        match (self.route, self.format) {
            (Route::Batch, _) => "POST",
            (Route::Control | Route::Calls, _)
            | (_, Some(Format::Freeswitch | Format::Httapi | Format::Siphon)) => "GET, HEAD, POST",
            _ => "GET, HEAD",
        }
    }

    #[must_use]
    pub fn takes(self, method: Method) -> bool {
        let methods = self.methods();
        match method {
            Method::Get | Method::Head => methods.contains("GET"),
            Method::Post => methods.contains("POST"),
            Method::Other => false,
        }
    }

    /// Longest body, in bytes; 0 = none is taken.
    #[must_use]
    pub fn body_limit(self) -> usize {
        match self.route {
            Route::Batch | Route::Control | Route::Calls => MAX_BODY_BYTES,
            _ if self.takes(Method::Post) => SMALL_BODY_BYTES,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_form_and_its_methods() {
        let at = Target::at("/v1/lcr/rtjson");
        assert_eq!((at.route, at.format), (Route::Lcr, Some(Format::Rtjson)));
        assert!(at.takes(Method::Get) && !at.takes(Method::Post));
        assert!(Target::at("/v1/lcr/siphon").takes(Method::Post));
        assert_eq!(Target::at("/v1/lcr/nonsense").route, Route::Other);
        assert_eq!(Target::at("/v1/lcr/rtjson/").route, Route::Other);
        assert_eq!(Target::at("/v1/lcr/rtjson").body_limit(), 0);
        assert_eq!(Target::at("/v1/control/state").route, Route::Control);
        assert!(!Target::at("/v1/lcr/batch").takes(Method::Get));
    }
}
