//! A candidate of a list, 8 bytes that sort as a plain integer:
//! cost rank (32 bits) · column (16) · length of the matched code (4) · spare (12).

pub fn pack(rank: u32, column: u16, matched_len: usize) -> u64 {
    u64::from(rank) << 32 | u64::from(column) << 16 | (matched_len as u64 & 0xf) << 12
}

pub fn rank(candidate: u64) -> u32 {
    (candidate >> 32) as u32
}

pub fn column(candidate: u64) -> u16 {
    (candidate >> 16) as u16
}

pub fn matched_len(candidate: u64) -> usize {
    (candidate >> 12 & 0xf) as usize
}
