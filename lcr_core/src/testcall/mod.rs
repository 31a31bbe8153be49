//! What a test call proves, as pure functions of what was recorded: times of both legs, sounds, numbers.
//!
//! Map: `cause` (SIP codes and Q.850 causes) · `kpi` (PDD, ASR, NER, the ratios of RFC 6076) · `cli` (what became of the caller's
//! number) · `fas` (false answer supervision: findings with their evidence).

pub mod cause;
pub mod cli;
pub mod fas;
pub mod kpi;
