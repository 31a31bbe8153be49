//! Asking memory for a line before it is needed. A hint: it changes no result, and a place beyond the array is not asked for.

#[inline(always)]
pub fn prefetch<T>(array: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = array.get(at) {
        // SAFETY: the address is that of a live element, and a prefetch reads nothing the program could see.
        #[allow(unsafe_code)]
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(
                std::ptr::from_ref(item).cast(),
            );
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (array, at);
}

/// As [`prefetch`], all lines of a value.
#[inline(always)]
pub fn prefetch_value<T: ?Sized>(value: &T) {
    const LINE: usize = 64;
    #[cfg(target_arch = "x86_64")]
    for at in (0..size_of_val(value)).step_by(LINE) {
        // SAFETY: the address lies within a live value, and a prefetch reads nothing the program could see.
        #[allow(unsafe_code)]
        unsafe {
            let first = std::ptr::from_ref(value).cast::<i8>();
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(first.add(at));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (value, LINE);
}
