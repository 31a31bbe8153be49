//! A bad network for one UDP flow, the same one for the same seed: loss (single or in bursts), delay, jitter, reordering, duplicates.
//!
//! `cargo run --release --example impair -- listen=127.0.0.1:4000 to=127.0.0.1:5000 seed=1 loss=3 burst=1 delay=40 jitter=10 reorder=1
//! duplicate=1 seconds=30`. Percentages may have three decimals, times are ms. Datagrams from `to` go back to the last sender, untouched.
//! At the end the truth is printed as JSON: received, dropped, duplicated, reordered, sent.

mod plan;

use std::collections::BinaryHeap;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use plan::{Held, Plan, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::parse(std::env::args().skip(1))?;
    let socket = UdpSocket::bind(settings.listen)?;
    eprintln!("impair: {} -> {}", socket.local_addr()?, settings.to);
    let (begun, ends) = (Instant::now(), Duration::from_secs(settings.seconds));
    let mut plan = Plan::new(&settings);
    let mut held: BinaryHeap<Held> = BinaryHeap::new();
    let mut sender: Option<SocketAddr> = None;
    let mut buffer = [0u8; 2048];
    let mut taken = 0;
    loop {
        let now = begun.elapsed();
        while held.peek().is_some_and(|one| one.due <= now) {
            if let Some(one) = held.pop() {
                socket.send_to(&one.bytes, settings.to)?;
            }
        }
        if now >= ends && held.is_empty() {
            break;
        }
        let wait = held
            .peek()
            .map_or(ends.saturating_sub(now), |one| one.due.saturating_sub(now));
        socket.set_read_timeout(Some(
            wait.clamp(Duration::from_micros(100), Duration::from_millis(200)),
        ))?;
        match socket.recv_from(&mut buffer) {
            Ok((length, from)) if from == settings.to => {
                if let Some(sender) = sender {
                    socket.send_to(&buffer[..length], sender)?;
                }
            }
            Ok((length, from)) => {
                sender = Some(from);
                let now = begun.elapsed();
                taken += 1;
                plan.on_datagram(now, |due| {
                    held.push(Held::new(due, taken, &buffer[..length]))
                });
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => return Err(error.into()),
        }
    }
    println!("{}", plan.truth());
    Ok(())
}
