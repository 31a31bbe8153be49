//! A warm connection is answered without asking for memory: every allocation of the thread that answers is counted.
//!
//! The answer is written into a buffer that the connection keeps, so that not even the answer's own room is asked for again.
#![allow(clippy::unwrap_used, clippy::expect_used, unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

mod market;

struct Counting;

static ASKED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

fn count() {
    if COUNTED.try_with(Cell::get).unwrap_or(false) {
        ASKED.fetch_add(1, Ordering::SeqCst);
    }
}

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const WARM: usize = 60;
const MEASURED: usize = 300;
/// Numbers in turn: below several codes, to one, to none.
const NUMBERS: [&str; 6] = [
    "442079460000",
    "447700900123",
    "4915112345678",
    "12125550100",
    "33123456789",
    "441632960083",
];

fn get(form: &str, key: &str, number: &str) -> String {
    format!(
        "GET /v1/lcr{form}dnis={number}&ani=33123456789&call_id=a84b4c76e66710%40pc33&max=5 HTTP/1.1\r\nHost: edge\r\n\
         Authorization: Bearer tk_{key}\r\nUser-Agent: switch\r\n\r\n"
    )
}

fn post(form: &str, key: &str, kind: &str, body: &str) -> String {
    format!(
        "POST /v1/lcr/{form} HTTP/1.1\r\nHost: edge\r\nX-Api-Key: tk_{key}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Every way a switch asks, by name: the same question for each number in turn.
fn ways() -> Vec<(String, Vec<Vec<u8>>)> {
    let all = |of: &dyn Fn(&str) -> String| NUMBERS.iter().map(|n| of(n).into_bytes()).collect();
    let mut ways: Vec<(String, Vec<Vec<u8>>)> = Vec::new();
    let forms = [
        "?",
        "?format=compact&",
        "/rtjson?",
        "/dialstring?",
        "/opensips?",
        "/carriers?",
        "/asterisk?",
        "/text?",
    ];
    for form in forms {
        ways.push((format!("plain {form}"), all(&|n| get(form, "plain", n))));
    }
    for (trunk, _) in market::trunks() {
        ways.push((format!("{trunk} native"), all(&|n| get("?", trunk, n))));
    }
    let fields = |n: &str| {
        format!(
            "section=dialplan&Caller-Destination-Number={n}&Caller-Caller-ID-Number=33123456789&Caller-Context=public&Unique-ID=ab-1"
        )
    };
    let kind = "application/x-www-form-urlencoded";
    ways.push((
        "xml_curl".to_owned(),
        all(&|n| post("freeswitch", "plain", kind, &fields(n))),
    ));
    ways.push((
        "httapi form".to_owned(),
        all(&|n| post("httapi", "plain", kind, &fields(n))),
    ));
    let asks = |n: &str| {
        format!(
            r#"{{"version":"1","call_id":"abc@10.0.0.1","from":"sip:33123456789@sbc","to":"x","dialed_number":"{n}"}}"#
        )
    };
    ways.push((
        "siphon".to_owned(),
        all(&|n| post("siphon", "plain", "application/json", &asks(n))),
    ));
    ways
}

struct Client {
    stream: TcpStream,
    room: Vec<u8>,
}

impl Client {
    fn new(port: u16) -> Self {
        let began = Instant::now();
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => break stream,
                Err(error) => assert!(began.elapsed() < Duration::from_secs(20), "{error}"),
            }
            std::thread::yield_now();
        };
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            room: vec![0; 1 << 20],
        }
    }

    /// Sends requests, reads as many answers, all of which must be good; returns the last body.
    fn ask(&mut self, requests: &[&[u8]]) -> String {
        for request in requests {
            self.stream.write_all(request).unwrap();
        }
        let (mut held, mut at, mut last) = (0, 0, 0..0);
        for _ in requests {
            let (from, to) = loop {
                let text = &self.room[at..held];
                if let Some(end) = text.windows(4).position(|w| w == b"\r\n\r\n") {
                    let head = std::str::from_utf8(&text[..end]).unwrap();
                    if !head.starts_with("HTTP/1.1 200 ") {
                        // The edge tells panics without their words.
                        eprintln!(
                            "{}\n{text:?}",
                            String::from_utf8_lossy(requests[0]),
                            text = String::from_utf8_lossy(text)
                        );
                        std::process::exit(1);
                    }
                    let length = head.to_ascii_lowercase();
                    let length = length.split("content-length: ").nth(1).unwrap();
                    let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
                    if text.len() >= end + 4 + length {
                        break (at + end + 4, at + end + 4 + length);
                    }
                }
                let count = self.stream.read(&mut self.room[held..]).unwrap();
                assert!(count > 0, "the edge closed the connection");
                held += count;
            };
            last = from..to;
            at = to;
        }
        String::from_utf8(self.room[last].to_vec()).unwrap()
    }
}

#[test]
fn a_warm_request_asks_for_no_memory_in_any_form() {
    let root = market::folder("warm");
    market::open(&root);
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    // One thread: the one that calls is the event loop, and all that is counted.
    let settings = serde_json::json!({"snapshot_root": root, "port": port, "threads": 1, "log_json": false,
        "target_delay_ms": 10_000, "max_delay_ms": 20_000, "rate_limit_per_key_per_s": 1_000_000});
    std::thread::spawn(move || {
        COUNTED.with(|c| c.set(true));
        lcr_edge::run(&settings.to_string())
    });
    let mut client = Client::new(port);
    let mut asking = Vec::new();
    // Each doubles from a few kilobytes to 64; in all forms together, not in each.
    let mut buffers_may_grow = 12;
    let mut bodies = Vec::new();
    for (name, requests) in ways() {
        let mut turn = requests.iter().map(Vec::as_slice).cycle();
        for _ in 0..WARM {
            bodies.push(client.ask(&[turn.next().unwrap()]));
        }
        let before = ASKED.load(Ordering::SeqCst);
        for _ in 0..MEASURED {
            client.ask(&[turn.next().unwrap()]);
        }
        let singly = ASKED.load(Ordering::SeqCst) - before;
        // Pipelined: many in one read, many answers in one write.
        let heap: Vec<&[u8]> = turn.by_ref().take(12).collect();
        (0..WARM / 10).for_each(|_| drop(client.ask(&heap)));
        let before = ASKED.load(Ordering::SeqCst);
        (0..MEASURED / 20).for_each(|_| drop(client.ask(&heap)));
        let heaped = ASKED.load(Ordering::SeqCst) - before;
        let requests = (MEASURED + MEASURED / 20 * heap.len()) as u64;
        // How many requests meet in one read is chance, so the connection's two buffers may still grow here.
        let grown = heaped.min(buffers_may_grow);
        // Reading a number by the trunk's own rules (docs/decision.md 9) takes a few small pieces.
        let allowed = if name.starts_with("dressed") {
            7 * requests
        } else {
            buffers_may_grow -= grown;
            0
        };
        if singly + heaped - grown > allowed {
            asking.push(format!(
                "{name}: {singly} in {MEASURED} requests, {heaped} in {} pipelined",
                MEASURED / 20 * heap.len()
            ));
        }
    }
    assert!(
        bodies.iter().any(|b| b.contains("\"status\":\"ok\"")),
        "routes are found"
    );
    assert!(
        ASKED.load(Ordering::SeqCst) > 0,
        "what starts the edge is counted"
    );
    if !asking.is_empty() {
        // The edge tells panics without their words.
        eprintln!("{}", asking.join("\n"));
    }
    assert!(
        asking.is_empty(),
        "memory was asked for:\n{}",
        asking.join("\n")
    );
    let _ = std::fs::remove_dir_all(&root);
}
