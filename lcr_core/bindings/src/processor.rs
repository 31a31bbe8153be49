//! Is this the processor the library was built for? Without the question an older one would end the process at the first
//! instruction it does not know.

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT: with what every x86-64 has they are level 2 of the architecture (2009).
#[cfg(any(test, all(target_arch = "x86_64", target_feature = "popcnt")))]
const LEVEL_2: [(&str, u32); 6] = [
    ("sse3", 0),
    ("ssse3", 9),
    ("cx16", 13),
    ("sse4.1", 19),
    ("sse4.2", 20),
    ("popcnt", 23),
];

/// What of it is missing in `ecx` of leaf 1 of CPUID.
#[cfg(any(test, all(target_arch = "x86_64", target_feature = "popcnt")))]
fn missing(ecx: u32) -> Vec<&'static str> {
    let lacks = LEVEL_2.iter().filter(|(_, bit)| ecx >> bit & 1 == 0);
    lacks.map(|(name, _)| *name).collect()
}

/// `ImportError` that says what is missing and how to build for this processor.
pub fn check() -> PyResult<()> {
    #[cfg(all(target_arch = "x86_64", target_feature = "popcnt"))]
    {
        // Asked of the processor itself: `is_x86_feature_detected!` answers yes for what the compiler was told to use.
        let lacks = missing(std::arch::x86_64::__cpuid(1).ecx);
        if !lacks.is_empty() {
            return Err(PyImportError::new_err(format!(
                "lcr_core was built for x86-64-v2, and this processor (or virtual machine) lacks {}. Build it here with \
                 RUSTFLAGS=-Ctarget-cpu=native tools/setup native, or give the machine a newer type of processor.",
                lacks.join(", ")
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_old_processor_lacks_is_named() {
        assert_eq!(missing(u32::MAX), Vec::<&str>::new());
        assert_eq!(missing(!(1 << 23 | 1 << 20)), ["sse4.2", "popcnt"]);
        assert_eq!(missing(0).len(), LEVEL_2.len());
        assert!(check().is_ok());
    }
}
