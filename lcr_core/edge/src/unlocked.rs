//! Questions are answered while every lock of the edge that they could meet is held by somebody else: of the state, of the
//! refused snapshot's name. (Certificates are locked at a reload, LRN dips only where one is configured.)
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::config::Settings;
use crate::engine::{Loaded, Serving};
use crate::head;
use crate::lcr::Request;
use crate::route::Target;
use crate::routes::{Answered, Worker};
use crate::server::Shared;

#[path = "../tests/market/mod.rs"]
mod market;

fn answered(worker: &mut Worker, path: &str) -> Vec<u8> {
    let text =
        format!("GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer tk_guarded\r\n\r\n");
    let head = head::parse(text.as_bytes()).unwrap();
    let target = Target::at(head.path);
    let request = Request {
        head: &head,
        body: &[],
        peer: None,
        key: None,
        format: target.format,
        now_us: crate::clock::now_us(),
        is_next: false,
    };
    let (mut out, mut counted) = (Vec::new(), Answered::default());
    assert!(worker.admit(target, true));
    assert!(worker.serve(&request, target, &mut out, &mut counted));
    worker.finished(Duration::from_micros(1), &mut counted);
    out
}

#[test]
fn questions_are_answered_while_all_locks_are_held() {
    let root = market::folder("unlocked");
    market::open(&root);
    let words = serde_json::json!({"snapshot_root": root, "rate_limit_per_key_per_s": 1_000_000});
    let shared = Arc::new(Shared::new(Settings::parse(&words.to_string()).unwrap()).unwrap());
    let id = lcr_core::snapshot::Snapshot::current_id(&root).unwrap();
    let loaded = Arc::new(Loaded::open(&root, &id, None).unwrap());
    shared
        .current
        .store(Some(Arc::new(Serving { loaded, view: None })));
    let (tell, told) = mpsc::channel();
    let kept = (shared.state.hold(), shared.snapshots.hold());
    let asking = Arc::clone(&shared);
    std::thread::spawn(move || {
        let mut worker = Worker::new(asking, 0);
        for form in [
            "?",
            "?format=compact&",
            "/rtjson?",
            "/text?",
            "/asterisk?",
            "/freeswitch?",
        ] {
            let path = format!("/v1/lcr{form}dnis=442079460000&ani=33123456789&call_id=a%40b");
            let _ = tell.send(answered(&mut worker, &path));
        }
    });
    for _ in 0..6 {
        let answer = told.recv_timeout(Duration::from_secs(20));
        assert!(answer.unwrap().starts_with(b"HTTP/1.1 200 "));
    }
    drop(kept);
    let _ = std::fs::remove_dir_all(&root);
}
