//! What happens to each datagram: pure, from a seed.

use std::cmp::Ordering;
use std::net::SocketAddr;
use std::time::Duration;

/// Chances in thousandths of a percent, times in ms.
pub struct Settings {
    pub listen: SocketAddr,
    pub to: SocketAddr,
    pub seconds: u64,
    seed: u64,
    loss: u64,
    /// Mean length of a run of losses.
    burst: u64,
    duplicate: u64,
    reorder: u64,
    delay: u64,
    jitter: u64,
}

impl Settings {
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut listen, mut to) = (None, None);
        let mut settings = Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            to: SocketAddr::from(([127, 0, 0, 1], 0)),
            seconds: 30,
            seed: 1,
            loss: 0,
            burst: 1,
            duplicate: 0,
            reorder: 0,
            delay: 0,
            jitter: 0,
        };
        for word in words {
            let (name, value) = word
                .split_once('=')
                .ok_or(format!("{word}: write name=value"))?;
            let wrong = |_| format!("{word}: not a number");
            match name {
                "listen" => listen = value.parse().ok(),
                "to" => to = value.parse().ok(),
                "seconds" => settings.seconds = value.parse().map_err(wrong)?,
                "seed" => settings.seed = value.parse().map_err(wrong)?,
                "burst" => settings.burst = value.parse::<u64>().map_err(wrong)?.max(1),
                "delay" => settings.delay = value.parse().map_err(wrong)?,
                "jitter" => settings.jitter = value.parse().map_err(wrong)?,
                "loss" => settings.loss = percent(value)?,
                "duplicate" => settings.duplicate = percent(value)?,
                "reorder" => settings.reorder = percent(value)?,
                _ => return Err(format!("{name}: unknown; see the head of main.rs")),
            }
        }
        settings.listen = listen.ok_or("listen=address:port is missing")?;
        settings.to = to.ok_or("to=address:port is missing")?;
        Ok(settings)
    }
}

/// `3.25` = 3250 thousandths of a percent, exactly.
fn percent(text: &str) -> Result<u64, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part:0<3}");
    let value: u64 = digits
        .parse()
        .map_err(|_| format!("{text}: not a percentage"))?;
    if part.len() > 3 || value > 100_000 {
        return Err(format!("{text}: 0 to 100 with at most three decimals"));
    }
    Ok(value)
}

/// A datagram on its way; the one due first stands on top, of two due at once the one that came first.
pub struct Held {
    pub due: Duration,
    number: u64,
    pub bytes: Vec<u8>,
}

impl Held {
    pub fn new(due: Duration, number: u64, bytes: &[u8]) -> Self {
        Self {
            due,
            number,
            bytes: bytes.to_vec(),
        }
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        (self.due, self.number) == (other.due, other.number)
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due, other.number).cmp(&(self.due, self.number))
    }
}

pub struct Plan {
    settings: (u64, u64, u64, u64, u64, u64),
    random: u64,
    in_burst: bool,
    last_due: Duration,
    received: u64,
    dropped: u64,
    duplicated: u64,
    reordered: u64,
    sent: u64,
}

impl Plan {
    pub fn new(settings: &Settings) -> Self {
        let one = settings;
        Self {
            settings: (
                one.loss,
                one.burst,
                one.duplicate,
                one.reorder,
                one.delay,
                one.jitter,
            ),
            random: settings.seed ^ 0x9e37_79b9_7f4a_7c15,
            in_burst: false,
            last_due: Duration::ZERO,
            received: 0,
            dropped: 0,
            duplicated: 0,
            reordered: 0,
            sent: 0,
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }

    /// Calls `send` with each instant the datagram is to leave at: none, one or two.
    pub fn on_datagram(&mut self, now: Duration, mut send: impl FnMut(Duration)) {
        let (loss, burst, duplicate, reorder, delay, jitter) = self.settings;
        self.received += 1;
        if self.lost(loss, burst) {
            self.dropped += 1;
            return;
        }
        let wait = Duration::from_micros(delay * 1000 + self.below(jitter * 1000 + 1));
        let overtakes = self.below(100_000) < reorder;
        // Jitter alone keeps the order; one that overtakes leaves at once.
        let due = if overtakes {
            now
        } else {
            (now + wait).max(self.last_due)
        };
        if overtakes && self.last_due > now {
            self.reordered += 1;
        }
        self.last_due = self.last_due.max(due);
        self.sent += 1;
        send(due);
        if self.below(100_000) < duplicate {
            self.duplicated += 1;
            self.sent += 1;
            send(due + Duration::from_millis(1));
        }
    }

    /// Two states (Gilbert): a run goes on with 1 - 1/burst, and begins so often that the mean loss is what was asked for.
    fn lost(&mut self, loss: u64, burst: u64) -> bool {
        let enter = (loss * 100_000 / burst)
            .checked_div(100_000 - loss.min(99_999))
            .unwrap_or(0);
        let stay = 100_000 - 100_000 / burst;
        let chance = match (loss >= 100_000, burst, self.in_burst) {
            (true, ..) => 100_000,
            (_, 1, _) => loss,
            (_, _, true) => stay,
            (_, _, false) => enter,
        };
        self.in_burst = self.below(100_000) < chance;
        self.in_burst
    }

    pub fn truth(&self) -> String {
        format!(
            "{{\"received\":{},\"dropped\":{},\"duplicated\":{},\"reordered\":{},\"sent\":{}}}",
            self.received, self.dropped, self.duplicated, self.reordered, self.sent
        )
    }
}
