//! An open-loop load: requests leave when the plan says so, whatever has been answered; every latency counts from the
//! planned instant. `openloop <address> <key> <numbers file> <requests a second> <seconds> <connections> [path]` prints JSON.
//!
//! It has a processor to itself and never sleeps: a timer would send in bursts and add its own grain to every latency.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::float_arithmetic)]

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use memchr::memmem::Finder;

const READ_BYTES: usize = 256 * 1024;
/// A connection that has answers outstanding is written to and read from this seldom, so that system calls do not take the
/// processor that ten times a server's load needs. It counts in the latencies.
const GRAIN_NS: u64 = 200_000;
/// Other programs of its processor have their turn, in pieces too small to show in the latencies.
const REST_EVERY_NS: u64 = 1_000_000;
const REST: Duration = Duration::from_micros(130);
/// Answers are awaited this long after the last request.
const PATIENCE: Duration = Duration::from_secs(2);

/// Durations in buckets of 1/16 octave of nanoseconds.
struct Histogram(Vec<u64>);

impl Histogram {
    fn new() -> Self {
        Self(vec![0; 16 * 64])
    }
    fn add(&mut self, took_ns: u64) {
        let ns = took_ns.max(16);
        let octave = ns.ilog2();
        self.0[(octave * 16 + ((ns >> (octave - 4)) & 15) as u32) as usize] += 1;
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
                let (octave, part) = ((at / 16) as i32, (at % 16) as f64);
                return 2f64.powi(octave) * (1.0 + (part + 1.0) / 16.0) / 1e6;
            }
        }
        0.0
    }
}

struct Tally {
    good: Histogram,
    refused: Histogram,
    /// How much later than planned requests were handed to their connection: the generator's own delay.
    late: Histogram,
    bad: u64,
    without_retry_after: u64,
}

struct Lane {
    stream: TcpStream,
    output: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    filled: usize,
    /// Planned instants, in ns since the start, of what is not answered yet.
    planned: VecDeque<u64>,
    /// How many of them have not been handed to the socket.
    unsent: usize,
    turned_ns: u64,
}

impl Lane {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self {
            stream,
            output: Vec::new(),
            written: 0,
            input: vec![0; READ_BYTES],
            filled: 0,
            planned: VecDeque::new(),
            unsent: 0,
            turned_ns: 0,
        }
    }

    /// Write and read, if it is time.
    fn turn(&mut self, start: Instant, find: &Find, tally: &mut Tally) {
        let now_ns = nanos(start);
        let outstanding = self.planned.len() - self.unsent;
        // One alone is written at once and its answer looked for all the time.
        if outstanding > 1 && now_ns - self.turned_ns < GRAIN_NS {
            return;
        }
        self.turned_ns = now_ns;
        self.write();
        self.read(start, find, tally);
    }

    fn write(&mut self) {
        if self.written == self.output.len() {
            return;
        }
        match self.stream.write(&self.output[self.written..]) {
            Ok(count) => self.written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("the edge ended a connection: {error}"),
        }
        if self.written == self.output.len() {
            self.output.clear();
            self.written = 0;
            self.unsent = 0;
        }
    }

    /// Read answers and book each on the request it belongs to.
    fn read(&mut self, start: Instant, find: &Find, tally: &mut Tally) {
        if self.planned.is_empty() {
            return;
        }
        match self.stream.read(&mut self.input[self.filled..]) {
            Ok(0) => panic!("the edge ended a connection"),
            Ok(count) => self.filled += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("the edge ended a connection: {error}"),
        }
        let now_ns = nanos(start);
        let buffer = &self.input[..self.filled];
        let mut at = 0;
        while let Some(head) = find.end.find(&buffer[at..]) {
            let text = &buffer[at..at + head];
            let found = find.length.find(text).unwrap() + 16;
            let length = text[found..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .fold(0usize, |sum, b| sum * 10 + usize::from(b - b'0'));
            if buffer.len() < at + head + 4 + length {
                break;
            }
            let took = now_ns.saturating_sub(self.planned.pop_front().unwrap());
            match &text[9..12] {
                b"200" => tally.good.add(took),
                b"503" | b"429" => {
                    tally.refused.add(took);
                    if find.retry_after.find(text).is_none() {
                        tally.without_retry_after += 1;
                    }
                }
                _ => tally.bad += 1,
            }
            at += head + 4 + length;
        }
        self.input.copy_within(at..self.filled, 0);
        self.filled -= at;
    }
}

struct Find {
    end: Finder<'static>,
    length: Finder<'static>,
    retry_after: Finder<'static>,
}

fn nanos(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap()
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (address, key, numbers) = (&args[1], &args[2], &args[3]);
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
    let mut tally = Tally {
        good: Histogram::new(),
        refused: Histogram::new(),
        late: Histogram::new(),
        bad: 0,
        without_retry_after: 0,
    };
    let mut lanes: Vec<Lane> = (0..connections).map(|_| Lane::connect(address)).collect();
    let sent = drive(&mut lanes, &requests, (rate, seconds), &mut tally);
    let unanswered: usize = lanes.iter().map(|l| l.planned.len()).sum();
    println!(
        "{{\"offered\":{rate},\"sent\":{sent},\"good\":{},\"refused\":{},\"bad\":{},\"unanswered\":{unanswered},\"without_retry_after\":{},\
\"goodput\":{:.0},\"good_p50_ms\":{:.3},\"good_p99_ms\":{:.3},\"refused_p50_ms\":{:.3},\"refused_p99_ms\":{:.3},\"refused_p999_ms\":{:.3},\
\"late_p99_ms\":{:.3}}}",
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
        tally.late.quantile_ms(0.99),
    );
}

/// Send by the plan, one request to each connection in turn, and take the answers. Returns how many were sent.
fn drive(
    lanes: &mut [Lane],
    requests: &[Vec<u8>],
    (rate, seconds): (f64, f64),
    tally: &mut Tally,
) -> u64 {
    let find = Find {
        end: Finder::new(b"\r\n\r\n"),
        length: Finder::new(b"Content-Length: "),
        retry_after: Finder::new(b"Retry-After: "),
    };
    let total = (rate * seconds) as u64;
    let apart_ns = 1e9 / rate;
    let start = Instant::now();
    let (mut sent, mut ended) = (0u64, None::<Instant>);
    let mut rested_ns = 0;
    loop {
        if nanos(start) - rested_ns > REST_EVERY_NS {
            // In the real-time class the kernel would else stop it for tens of milliseconds in every second.
            std::thread::sleep(REST);
            rested_ns = nanos(start);
        }
        let now_ns = nanos(start);
        let due = ((now_ns as f64 / apart_ns) as u64).min(total);
        while sent < due {
            let planned_ns = (sent as f64 * apart_ns) as u64;
            let count = lanes.len();
            let lane = &mut lanes[sent as usize % count];
            lane.output
                .extend_from_slice(&requests[sent as usize % requests.len()]);
            lane.planned.push_back(planned_ns);
            lane.unsent += 1;
            tally.late.add(now_ns.saturating_sub(planned_ns));
            sent += 1;
        }
        for lane in lanes.iter_mut() {
            lane.turn(start, &find, tally);
        }
        if sent == total {
            let ended = *ended.get_or_insert_with(Instant::now);
            if ended.elapsed() > PATIENCE || lanes.iter().all(|l| l.planned.is_empty()) {
                return sent;
            }
        }
    }
}
