//! One connection: read, answer every whole head in the buffer, write once, again. Bounded in bytes and time.
use std::cell::RefCell;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::admission::Place;
use crate::batch;
use crate::clock::now_us;
use crate::dip::{self, Dipper};
use crate::familiar::Familiar;
use crate::head::{self, MAX_HEAD_BYTES};
use crate::lcr::Request;
use crate::metrics::Route;
use crate::refusal::{self, BODY_TOO_LARGE, HEAD_TOO_LARGE, Refusal, TIMED_OUT};
use crate::route::Target;
use crate::routes::{Answered, Worker};
use crate::sip;

const READ_BYTES: usize = 16 * 1024;
/// A read of a connection that sends more than is read at a time. Small, so that one turn of the event loop stays short;
/// larger while most of it is refused.
const HEAP_BYTES: usize = 4 * 1024;
const REFUSED_BYTES: usize = 32 * 1024;
/// Answers are written when this much is waiting, so that pipelining cannot grow the buffer.
const FLUSH_BYTES: usize = 64 * 1024;
/// An idle connection may still send a request this long after a drain began.
const DRAIN_GRACE: Duration = Duration::from_millis(500);
/// After a refusal the rest of what the peer sends is read for so long and so much, so that it sees the answer.
const LINGER: Duration = Duration::from_millis(500);
const LINGER_BYTES: usize = 256 * 1024;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// What became of the bytes read: does the connection live on, and was any request answered?
struct Served {
    live: bool,
    any: bool,
    /// When the answers were written.
    at: std::time::Instant,
}

/// What came first.
enum Event {
    Read(std::io::Result<usize>),
    Drain,
    Timer,
}

/// Why waiting for bytes ended.
enum Waited {
    Bytes,
    End,
    Deadline,
}

pub struct Connection<S> {
    stream: S,
    peer: Option<IpAddr>,
    worker: Rc<RefCell<Worker>>,
    dipper: Option<Arc<Dipper>>,
    drain: watch::Receiver<bool>,
    draining: bool,
    input: Vec<u8>,
    output: Vec<u8>,
    familiar: Familiar,
    /// `100 Continue` was said for the request whose body is awaited.
    continued: bool,
    /// Bytes the next read may bring at least.
    room: usize,
    place: Place,
    /// Drain and timer know whom to wake.
    watched: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub fn new(
        stream: S,
        peer: Option<IpAddr>,
        worker: Rc<RefCell<Worker>>,
        drain: watch::Receiver<bool>,
    ) -> Self {
        let dipper = worker.borrow().shared.dipper.clone();
        Self {
            stream,
            peer,
            dipper,
            worker,
            drain,
            draining: false,
            input: Vec::with_capacity(2048),
            output: Vec::with_capacity(4096),
            familiar: Familiar::default(),
            continued: false,
            room: 1024,
            place: Place::default(),
            watched: false,
        }
    }

    /// Serve until the peer leaves, misbehaves or the server drains.
    pub async fn run(mut self) {
        let (header, idle, write) = {
            let worker = self.worker.borrow();
            let settings = &worker.shared.settings;
            (
                settings.header_timeout,
                settings.idle_timeout,
                settings.write_timeout,
            )
        };
        let timer = sleep_until(Instant::now() + idle);
        tokio::pin!(timer);
        let mut deadline = Instant::now() + idle;
        let mut scanned = 0;
        // Registered once for the life of the connection. The sender speaks once and may be gone afterwards; both mean
        // that the drain began.
        let mut drain = self.drain.clone();
        let began_to_drain = async move {
            let _ = drain.changed().await;
        };
        tokio::pin!(began_to_drain);
        loop {
            match self
                .wait(timer.as_mut(), began_to_drain.as_mut(), &mut deadline)
                .await
            {
                Waited::Bytes => {}
                Waited::End => return,
                Waited::Deadline => {
                    if !self.input.is_empty() {
                        self.worker
                            .borrow_mut()
                            .refuse(&TIMED_OUT, &mut self.output);
                        let _ = self.flush(write).await;
                        self.linger().await;
                    }
                    return;
                }
            }
            let first_bytes = scanned == 0;
            let served = match self.answer_all(&mut scanned, write).await {
                Some(served) if served.live => served,
                Some(_) => {
                    self.linger().await;
                    return;
                }
                None => return,
            };
            self.worker.borrow_mut().admission.leave(served.at);
            if self.room >= HEAP_BYTES {
                // More is waiting here: the others have their turn first, and the clock its tick.
                tokio::task::yield_now().await;
            }
            if self.input.is_empty() {
                deadline = Instant::from_std(served.at) + idle;
                if self.input.capacity() > 2 * READ_BYTES {
                    self.input = Vec::with_capacity(2048);
                }
            } else if first_bytes || served.any {
                // The clock of a head runs from its first byte, however slowly the rest drips in.
                deadline = Instant::from_std(served.at) + header;
            }
        }
    }

    /// Read some bytes. The timer is moved only when it fires early, so a busy connection never touches it.
    async fn wait(
        &mut self,
        mut timer: Pin<&mut Sleep>,
        mut drain: Pin<&mut impl Future<Output = ()>>,
        deadline: &mut Instant,
    ) -> Waited {
        if self.draining && self.input.is_empty() {
            *deadline = (*deadline).min(Instant::now() + DRAIN_GRACE);
        }
        if timer.deadline() > *deadline {
            timer.as_mut().reset(*deadline);
            self.watched = false;
        }
        self.input.reserve(self.room);
        loop {
            match self.next_event(timer.as_mut(), drain.as_mut()).await {
                Event::Read(Ok(count)) if count > 0 => {
                    // A read that filled its room is followed by a larger one: heaps are taken at once.
                    self.room = if self.input.len() < self.input.capacity() {
                        1024
                    } else if self.worker.borrow().admission.refuses() {
                        REFUSED_BYTES
                    } else {
                        HEAP_BYTES
                    };
                    return Waited::Bytes;
                }
                Event::Read(_) => return Waited::End,
                Event::Drain => {
                    self.draining = true;
                    if self.input.is_empty() {
                        *deadline = (*deadline).min(Instant::now() + DRAIN_GRACE);
                        timer.as_mut().reset(*deadline);
                    }
                }
                Event::Timer => {
                    if Instant::now() >= *deadline {
                        return Waited::Deadline;
                    }
                    timer.as_mut().reset(*deadline);
                }
            }
        }
    }

    /// Bytes, before the drain, before the timer. Both wake this connection for good once they were polled in vain, so as long
    /// as neither has come they are polled again only when something woke it that was no bytes.
    async fn next_event(
        &mut self,
        mut timer: Pin<&mut Sleep>,
        mut drain: Pin<&mut impl Future<Output = ()>>,
    ) -> Event {
        let draining = self.draining;
        let came =
            timer.is_elapsed() || !draining && !matches!(self.drain.has_changed(), Ok(false));
        let mut watched = self.watched && !came;
        let mut rests = watched;
        let read = self.stream.read_buf(&mut self.input);
        tokio::pin!(read);
        let event = poll_fn(|context| {
            if let Poll::Ready(read) = read.as_mut().poll(context) {
                return Poll::Ready(Event::Read(read));
            }
            if std::mem::take(&mut rests) {
                return Poll::Pending;
            }
            watched = false;
            if !draining && drain.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Drain);
            }
            if timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Timer);
            }
            watched = true;
            Poll::Pending
        })
        .await;
        self.watched = watched;
        event
    }

    /// Answer every whole head in the input; `None`: the peer is gone.
    async fn answer_all(&mut self, scanned: &mut usize, write: Duration) -> Option<Served> {
        let began = std::time::Instant::now();
        // What came in one read came at one instant.
        let (arrived_us, in_company) = {
            let mut worker = self.worker.borrow_mut();
            worker.admission.visit(&mut self.place, began);
            (now_us(), worker.admission.in_company())
        };
        if self.room < HEAP_BYTES && in_company {
            // All are read before the first is answered: the code of each step stays in the nearest cache.
            give_way().await;
        }
        let mut start = 0;
        let mut answered = Answered::default();
        let mut first = true;
        let mut live = true;
        while live {
            // Empty lines before a request line are skipped (RFC 9112, 2.2).
            while self
                .input
                .get(start..)
                .is_some_and(|rest| rest.starts_with(b"\r\n"))
            {
                start += 2;
                *scanned = 0;
            }
            let rest = self.input.get(start..).unwrap_or_default();
            if rest
                .first()
                .is_some_and(|b| !b.is_ascii_uppercase() && *b != b'\r')
            {
                self.worker
                    .borrow_mut()
                    .refuse(&refusal::NOT_HTTP, &mut self.output);
                live = false;
                break;
            }
            let Some(end) = head::find_end(rest, *scanned) else {
                *scanned = rest.len();
                if rest.len() > MAX_HEAD_BYTES {
                    self.worker
                        .borrow_mut()
                        .refuse(&HEAD_TOO_LARGE, &mut self.output);
                    live = false;
                }
                break;
            };
            let text = rest.get(..end).unwrap_or_default();
            let (head, key) = match self.familiar.read(text) {
                Some(head) => {
                    let key = self.familiar.key_digest(&head);
                    (head, key)
                }
                None => match head::parse(text) {
                    Ok(head) => {
                        self.familiar.learn(text, &head);
                        (head, None)
                    }
                    Err(refusal) => {
                        live = self.refuse(&refusal);
                        break;
                    }
                },
            };
            let target = Target::at(head.path);
            // A body that no path takes is never read: the connection ends with the answer.
            let too_long = head.content_length > target.body_limit();
            if too_long && target.takes(head.method) {
                live = self.refuse(&BODY_TOO_LARGE);
                break;
            }
            let length = if too_long { 0 } else { head.content_length };
            let Some(body) = rest.get(end..end + length) else {
                // The head is parsed again when more has come; `scanned` stays before its end.
                *scanned = end.saturating_sub(4);
                if head.expects_continue && !std::mem::replace(&mut self.continued, true) {
                    self.output.extend_from_slice(CONTINUE);
                }
                break;
            };
            *scanned = 0;
            self.continued = false;
            let request = Request {
                head: &head,
                body,
                peer: self.peer,
                key,
                format: target.format,
                now_us: arrived_us,
                is_next: false,
            };
            let first = std::mem::take(&mut first);
            let asked = (&request, target);
            let way = (&mut self.stream, &mut self.output);
            live = match (target.route, &self.dipper) {
                (Route::Batch, _) => {
                    batch::serve(&self.worker, asked, first, way, &mut answered).await
                }
                (Route::Calls, _) if target.takes(head.method) => {
                    sip::http::serve(&self.worker, asked, way, &mut answered).await
                }
                (Route::Lcr, Some(dipper)) => {
                    dip::serve(dipper, &self.worker, asked, first, way, &mut answered).await
                }
                _ => serve_one(&self.worker, asked, first, way.1, &mut answered),
            } && !too_long;
            start += end + length;
            if self.output.len() >= FLUSH_BYTES {
                self.settle(began, &mut answered, write).await?;
            }
        }
        self.input.drain(..start);
        if self.room < HEAP_BYTES && self.worker.borrow().admission.in_company() {
            // Single answers of a turn leave one behind the other: who reads them is woken once for many. Heaps go at once.
            tokio::task::yield_now().await;
        }
        let at = self.settle(began, &mut answered, write).await?;
        Some(Served {
            live,
            any: start > 0,
            at,
        })
    }

    /// Refuse what stands in the input; the connection ends.
    fn refuse(&mut self, refusal: &Refusal) -> bool {
        self.worker.borrow_mut().refuse(refusal, &mut self.output);
        false
    }

    /// Write what is waiting and count it as answered.
    async fn settle(
        &mut self,
        began: std::time::Instant,
        answered: &mut Answered,
        write: Duration,
    ) -> Option<std::time::Instant> {
        let written = self.flush(write).await;
        let now = std::time::Instant::now();
        self.worker
            .borrow()
            .finished(now.saturating_duration_since(began), answered);
        written.map(|()| now)
    }

    async fn flush(&mut self, within: Duration) -> Option<()> {
        if self.output.is_empty() {
            return Some(());
        }
        let written = match self.write_at_once().await {
            // Most answers fit the socket's buffer at once; only a slow reader meets the timer.
            Ok(count) if count == self.output.len() => true,
            Ok(count) => {
                let rest = self.output.get(count..).unwrap_or_default();
                matches!(
                    timeout(within, self.stream.write_all(rest)).await,
                    Ok(Ok(()))
                )
            }
            Err(_) => false,
        };
        self.output.clear();
        if self.output.capacity() > FLUSH_BYTES {
            self.output = Vec::with_capacity(4096);
        }
        written.then_some(())
    }

    /// Write what goes without waiting; how much that was.
    async fn write_at_once(&mut self) -> std::io::Result<usize> {
        poll_fn(
            |context| match Pin::new(&mut self.stream).poll_write(context, &self.output) {
                Poll::Pending => Poll::Ready(Ok(0)),
                ready => ready,
            },
        )
        .await
    }

    /// Close our side and read on for a moment: a close with unread bytes would reset the connection
    /// and could take the answer with it.
    async fn linger(&mut self) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        let mut left = LINGER_BYTES;
        let drained = async {
            self.input.clear();
            while let Ok(count) = self.stream.read_buf(&mut self.input).await {
                if count == 0 || count > left {
                    break;
                }
                left -= count;
                self.input.clear();
            }
        };
        let _ = timeout(LINGER, drained).await;
    }
}

/// Answer one request, or turn it away. Returns whether the connection lives on.
fn serve_one(
    worker: &RefCell<Worker>,
    (request, target): (&Request<'_>, Target),
    first: bool,
    output: &mut Vec<u8>,
    answered: &mut Answered,
) -> bool {
    let mut worker = worker.borrow_mut();
    if worker.admit(target, first) {
        worker.serve(request, target, output, answered)
    } else {
        worker.turn_away(request, output)
    }
}

/// To the end of the queue: everybody who is ready is polled once before. Unlike `yield_now` it does not look for news of
/// sockets meanwhile, which is a system call for each round.
async fn give_way() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
