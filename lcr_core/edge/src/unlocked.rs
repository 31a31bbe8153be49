//! Questions are answered while every lock of the edge that they could meet is held by somebody else: of the state, of the
//! refused snapshot's name. (Certificates are locked at a reload, LRN dips only where one is configured.) What cannot be published
//! under such a lock at once is published by a keeper that is woken for it.
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use lcr_core::state::Command;

use crate::config::Settings;
use crate::engine::{Loaded, Serving};
use crate::head;
use crate::lcr::Request;
use crate::route::Target;
use crate::routes::{Answered, Worker};
use crate::server::Shared;
use crate::state::Keeping;

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

fn shared(root: &Path, words: serde_json::Value) -> (Arc<Shared>, Arc<Loaded>) {
    let shared = Arc::new(Shared::new(Settings::parse(&words.to_string()).unwrap()).unwrap());
    let id = lcr_core::snapshot::Snapshot::current_id(root).unwrap();
    (shared, Arc::new(Loaded::open(root, &id, None).unwrap()))
}

#[test]
fn a_keeper_at_rest_is_woken_for_what_is_to_be_published() {
    let root = market::folder("woken");
    market::open(&root);
    let (shared, loaded) = shared(&root, serde_json::json!({"snapshot_root": root}));
    let offer_id = loaded.access().offers[0].offer_id;
    shared.state.adopt(&shared, loaded);
    shared.state.be_slow();
    let keeping = Keeping::start(Arc::clone(&shared)).unwrap();
    // Its first turn, after which it rests.
    std::thread::sleep(Duration::from_millis(200));
    let told = shared
        .state
        .tell(&shared, &[Command::DisableOffer { offer_id }]);
    let told = told.unwrap();
    assert!(told.changed && !told.published);
    let until = Instant::now() + Duration::from_secs(20);
    let published = || {
        let current = shared.current.load();
        current
            .as_ref()
            .is_some_and(|serving| serving.view.is_some())
    };
    while !published() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(published());
    keeping.stop();
    let _ = std::fs::remove_dir_all(&root);
}

#[test]
fn questions_are_answered_while_all_locks_are_held() {
    let root = market::folder("unlocked");
    market::open(&root);
    let words = serde_json::json!({"snapshot_root": root, "rate_limit_per_key_per_s": 1_000_000});
    let (shared, loaded) = shared(&root, words);
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
