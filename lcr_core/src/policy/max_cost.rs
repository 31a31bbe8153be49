//! The dearest a route may be, compared exactly.

use super::order::per_minute;
use crate::access::policy::PolicyWords;

pub fn refuses(policy: &PolicyWords, comparable: u128, seconds: u32) -> bool {
    policy
        .max_cost_nanos
        .is_some_and(|max| comparable > per_minute(max, seconds))
}
