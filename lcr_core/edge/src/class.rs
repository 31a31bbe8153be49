//! The scheduling class of the calling thread. Somebody else puts a thread into the real-time class (`app/priority.py`); it may
//! leave it for a while and come back.

#[cfg(target_os = "linux")]
mod linux {
    use libc::{SCHED_FIFO, SCHED_OTHER, SCHED_RESET_ON_FORK, SCHED_RR, sched_param};

    /// Rank 1 is the lowest, which is what `app/priority.py` gives.
    const RANK: i32 = 1;

    pub fn is_real_time() -> bool {
        // SAFETY: no pointer is passed; 0 names the calling thread.
        #[allow(unsafe_code)]
        let class = unsafe { libc::sched_getscheduler(0) };
        class >= 0 && matches!(class & !SCHED_RESET_ON_FORK, SCHED_FIFO | SCHED_RR)
    }

    fn enter(class: i32, rank: i32) -> bool {
        let parameter = sched_param {
            sched_priority: rank,
        };
        // SAFETY: the parameter is only read, and lives until the call has returned; 0 names the calling thread.
        #[allow(unsafe_code)]
        let done = unsafe {
            libc::sched_setscheduler(0, class | SCHED_RESET_ON_FORK, &raw const parameter)
        };
        done == 0
    }

    pub fn leave_real_time() -> bool {
        enter(SCHED_OTHER, 0)
    }

    pub fn enter_real_time() -> bool {
        enter(SCHED_RR, RANK)
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    pub fn is_real_time() -> bool {
        false
    }

    pub fn leave_real_time() -> bool {
        false
    }

    pub fn enter_real_time() -> bool {
        false
    }
}

pub use linux::{enter_real_time, is_real_time, leave_real_time};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_may_goes_there_and_back() {
        assert!(!is_real_time());
        // Without the right to, nothing changes.
        if enter_real_time() {
            assert!(is_real_time());
            assert!(leave_real_time());
        }
        assert!(!is_real_time());
    }
}
