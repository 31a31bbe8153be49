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

/// Lines that are asked for together. A processor waits with each for where its page is; asked for one right behind the
/// other, with nothing to work out in between, these waits overlap.
pub struct Asks {
    lines: [usize; Self::MOST],
    count: usize,
}

impl Default for Asks {
    #[inline]
    fn default() -> Self {
        Self {
            lines: [0; Self::MOST],
            count: 0,
        }
    }
}

impl Asks {
    const MOST: usize = 64;
    const LINE: usize = 64;

    /// The line of one element; a place beyond the array is left out, and so is the line that was noted just before.
    #[inline(always)]
    pub fn note<T>(&mut self, array: &[T], at: usize) {
        if let Some(item) = array.get(at) {
            let line = std::ptr::from_ref(item).addr() / Self::LINE;
            if self.count == Self::MOST {
                self.ask();
            }
            let last = self.count.checked_sub(1).and_then(|at| self.lines.get(at));
            if last != Some(&line)
                && let Some(slot) = self.lines.get_mut(self.count)
            {
                *slot = line;
                self.count += 1;
            }
        }
    }

    /// Asks for all that were noted, and forgets them.
    #[inline]
    pub fn ask(&mut self) {
        let count = std::mem::take(&mut self.count);
        #[cfg(target_arch = "x86_64")]
        for &line in self.lines.iter().take(count) {
            // SAFETY: a prefetch reads nothing the program could see and never faults, whatever the address.
            #[allow(unsafe_code)]
            unsafe {
                std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(
                    std::ptr::without_provenance(line * Self::LINE),
                );
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = count;
    }
}
