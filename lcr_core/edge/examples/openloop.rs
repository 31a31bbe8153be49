//! An open-loop load: requests leave when the plan says so, whatever has been answered; every latency counts from the
//! planned instant. `openloop <address> <key> <numbers file> <requests a second> <seconds> <connections> [path]` prints JSON.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::float_arithmetic)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};

/// Latencies in buckets of 1/16 octave of microseconds.
struct Histogram(Vec<u64>);

impl Histogram {
    fn new() -> Self {
        Self(vec![0; 16 * 40])
    }
    fn add(&mut self, took: Duration) {
        let us = took.as_micros().max(1) as f64;
        let at = (us.log2() * 16.0) as usize;
        self.0[at.min(16 * 40 - 1)] += 1;
    }
    fn count(&self) -> u64 {
        self.0.iter().sum()
    }
    /// Upper bound of the bucket, in milliseconds.
    fn quantile_ms(&self, share: f64) -> f64 {
        let want = (self.count() as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (at, count) in self.0.iter().enumerate() {
            seen += count;
            if seen >= want && seen > 0 {
                return 2f64.powf((at + 1) as f64 / 16.0) / 1000.0;
            }
        }
        0.0
    }
}

struct Tally {
    good: Histogram,
    refused: Histogram,
    bad: u64,
    without_retry_after: u64,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (address, key, numbers) = (args[1].clone(), args[2].clone(), &args[3]);
    let rate: f64 = args[4].parse().unwrap();
    let seconds: f64 = args[5].parse().unwrap();
    let connections: usize = args[6].parse().unwrap();
    let path = args.get(7).map_or("/v1/lcr?max=5&dnis=", String::as_str);
    let requests: Vec<Vec<u8>> = std::fs::read_to_string(numbers)
        .unwrap()
        .lines()
        .map(|n| {
            format!("GET {path}{n} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n")
                .into_bytes()
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let tally = Rc::new(RefCell::new(Tally {
        good: Histogram::new(),
        refused: Histogram::new(),
        bad: 0,
        without_retry_after: 0,
    }));
    let local = LocalSet::new();
    let (sent, unanswered) = runtime.block_on(local.run_until(drive(
        address,
        requests,
        rate,
        seconds,
        connections,
        Rc::clone(&tally),
    )));
    let tally = tally.borrow();
    println!(
        "{{\"offered\":{rate},\"sent\":{sent},\"good\":{},\"refused\":{},\"bad\":{},\"unanswered\":{unanswered},\"without_retry_after\":{},\
\"goodput\":{:.0},\"good_p50_ms\":{:.3},\"good_p99_ms\":{:.3},\"refused_p50_ms\":{:.3},\"refused_p99_ms\":{:.3},\"refused_p999_ms\":{:.3}}}",
        tally.good.count(),
        tally.refused.count(),
        tally.bad,
        tally.without_retry_after,
        tally.good.count() as f64 / seconds,
        tally.good.quantile_ms(0.5),
        tally.good.quantile_ms(0.99),
        tally.refused.quantile_ms(0.5),
        tally.refused.quantile_ms(0.99),
        tally.refused.quantile_ms(0.999),
    );
}

struct Lane {
    /// Planned instants of what was sent and is not answered yet.
    planned: Rc<RefCell<VecDeque<Instant>>>,
    give: tokio::sync::mpsc::UnboundedSender<Vec<u8>>,
}

async fn drive(
    address: String,
    requests: Vec<Vec<u8>>,
    rate: f64,
    seconds: f64,
    connections: usize,
    tally: Rc<RefCell<Tally>>,
) -> (u64, usize) {
    let mut lanes = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(&address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (read, mut write) = stream.into_split();
        let planned = Rc::new(RefCell::new(VecDeque::new()));
        let (give, mut take) = tokio::sync::mpsc::unbounded_channel::<Vec<u8>>();
        spawn_local(async move {
            while let Some(bytes) = take.recv().await {
                if write.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        });
        spawn_local(listen(read, Rc::clone(&planned), Rc::clone(&tally)));
        lanes.push(Lane { planned, give });
    }
    let start = Instant::now();
    let (mut sent, mut lane) = (0u64, 0usize);
    let total = (rate * seconds) as u64;
    while sent < total {
        let due = ((start.elapsed().as_secs_f64() * rate) as u64).min(total);
        // What is due by now goes to the connections in turn, a handful to each, as callers would spread it.
        let each = ((due - sent) as usize).div_ceil(connections).max(1);
        while sent < due {
            let lane_now = &lanes[lane];
            lane = (lane + 1) % connections;
            let mut bytes = Vec::with_capacity(each * 128);
            let mut planned = lane_now.planned.borrow_mut();
            for _ in 0..each.min((due - sent) as usize) {
                bytes.extend_from_slice(&requests[sent as usize % requests.len()]);
                planned.push_back(start + Duration::from_secs_f64(sent as f64 / rate));
                sent += 1;
            }
            let _ = lane_now.give.send(bytes);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let waiting = || {
        lanes
            .iter()
            .map(|l| l.planned.borrow().len())
            .sum::<usize>()
    };
    let until = Instant::now() + Duration::from_secs(2);
    while waiting() > 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (sent, waiting())
}

/// Read answers and book each on the request it belongs to.
async fn listen(
    mut read: tokio::net::tcp::OwnedReadHalf,
    planned: Rc<RefCell<VecDeque<Instant>>>,
    tally: Rc<RefCell<Tally>>,
) {
    let mut buffer: Vec<u8> = Vec::with_capacity(256 * 1024);
    loop {
        buffer.reserve(64 * 1024);
        match read.read_buf(&mut buffer).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
        let now = Instant::now();
        let mut at = 0;
        let mut tally = tally.borrow_mut();
        let mut planned = planned.borrow_mut();
        while let Some(head) = memchr::memmem::find(&buffer[at..], b"\r\n\r\n") {
            let text = &buffer[at..at + head];
            let found = memchr::memmem::find(text, b"Content-Length: ").unwrap() + 16;
            let length = text[found..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .fold(0usize, |sum, b| sum * 10 + usize::from(b - b'0'));
            if buffer.len() < at + head + 4 + length {
                break;
            }
            let took = now.saturating_duration_since(planned.pop_front().unwrap());
            match &text[9..12] {
                b"200" => tally.good.add(took),
                b"503" | b"429" => {
                    tally.refused.add(took);
                    if memchr::memmem::find(text, b"Retry-After: ").is_none() {
                        tally.without_retry_after += 1;
                    }
                }
                _ => tally.bad += 1,
            }
            at += head + 4 + length;
        }
        buffer.drain(..at);
    }
}
