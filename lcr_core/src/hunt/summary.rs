//! One hunted call, counted: once for the customer, each attempt for its vendor.
use super::advance::{Attempt, Step, advance};
use serde::Serialize;

/// The customer made one call, whatever happened behind it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct CustomerView {
    pub calls: u32,
    pub answered: u32,
    /// INVITE of the customer to the first ringing, over all attempts; null when it never rang.
    pub pdd_ms: Option<u64>,
    /// What the customer is told; null without an attempt.
    pub final_code: Option<u16>,
    /// Seconds that are billed start at the answer: an unanswered call bills nothing.
    pub billable: bool,
}

/// One vendor's part.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct VendorView {
    pub vendor: String,
    pub seizures: u32,
    pub answered: u32,
    /// Attempts that count as delivered by the network (NER).
    pub effective: u32,
    pub step: Step,
}

/// The attempts that were really made, in order.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Hunt {
    pub customer: CustomerView,
    pub vendors: Vec<VendorView>,
}

/// Walk the attempts in order until one of them stops the hunt; what lies behind it is not counted.
///
/// Each attempt starts when the one before it ended.
#[must_use]
pub fn summarize(attempts: &[Attempt]) -> Hunt {
    let mut elapsed_ms = 0_u64;
    let mut advanced_once = false;
    let mut customer = CustomerView {
        calls: 1,
        answered: 0,
        pdd_ms: None,
        final_code: None,
        billable: false,
    };
    let mut vendors = Vec::with_capacity(attempts.len());
    for attempt in attempts {
        let mut step = advance(attempt);
        if step == Step::NextOnce && advanced_once {
            step = Step::Stop;
        }
        advanced_once |= step == Step::NextOnce;
        let answered = (200..=299).contains(&attempt.code);
        customer.answered = u32::from(answered);
        customer.billable = answered;
        customer.final_code = Some(attempt.code);
        if customer.pdd_ms.is_none() {
            customer.pdd_ms = attempt.ringing_ms.map(|ms| elapsed_ms.saturating_add(ms));
        }
        vendors.push(VendorView {
            vendor: attempt.vendor.clone(),
            seizures: 1,
            answered: u32::from(answered),
            effective: u32::from(delivered(attempt)),
            step,
        });
        if step == Step::Stop {
            break;
        }
        elapsed_ms = elapsed_ms.saturating_add(attempt.ended_ms);
    }
    Hunt { customer, vendors }
}

/// NER: answered, busy, declined, or not answered after ringing.
fn delivered(attempt: &Attempt) -> bool {
    match attempt.code {
        200..=299 | 486 | 600 | 603 => true,
        480 | 408 | 487 => attempt.ringing_ms.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_unknown_number_ends_the_hunt() {
        let miss = |vendor: &str| Attempt {
            vendor: vendor.to_owned(),
            code: 404,
            q850: None,
            ringing_ms: None,
            ended_ms: 100,
            hunt_stop: None,
            hunt_next: None,
        };
        let hunt = summarize(&[miss("A"), miss("B"), miss("C")]);
        assert_eq!(hunt.vendors.len(), 2);
        assert_eq!(hunt.customer.final_code, Some(404));
    }

    #[test]
    fn what_lies_behind_a_stop_is_not_counted() {
        let busy = Attempt {
            vendor: "A".to_owned(),
            code: 486,
            q850: None,
            ringing_ms: None,
            ended_ms: 900,
            hunt_stop: None,
            hunt_next: None,
        };
        let next = Attempt {
            vendor: "B".to_owned(),
            code: 200,
            q850: None,
            ringing_ms: Some(10),
            ended_ms: 20,
            hunt_stop: None,
            hunt_next: None,
        };
        let hunt = summarize(&[busy, next]);
        assert_eq!(
            (
                hunt.vendors.len(),
                hunt.customer.answered,
                hunt.customer.billable
            ),
            (1, 0, false)
        );
    }
}
