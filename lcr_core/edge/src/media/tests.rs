use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use lcr_core::rtp::audio::{Heard, SoundKind};
use lcr_core::rtp::packet::Packet;
use lcr_core::rtp::payload::{Kind, Law, Payload, PayloadMap};
use lcr_core::rtp::rtcp::{Builder, NtpTime, ReportBlock, SenderInfo};
use lcr_core::rtp::source::Learning;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::ports::PortLease;
use super::stamped::utc_nanos;
use super::*;

mod sources;

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(10);

/// The first port of a test: a range of its own for each test and, as far as may be, each process.
fn first(test: u16) -> u16 {
    10_000 + (std::process::id() % 25) as u16 * 800 + test * 60
}

fn pool(test: u16, pairs: u16) -> PortPool {
    PortPool::new(HOST, first(test), first(test) + 2 * pairs)
}

async fn socket() -> UdpSocket {
    UdpSocket::bind((HOST, 0)).await.unwrap()
}

fn rtp(sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 12 + payload.len()];
    let packet = Packet {
        marker: false,
        payload_type: 8,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc: 42,
        csrc: &[],
        extension: None,
        payload,
        padding: 0,
    };
    packet.write(&mut out).unwrap();
    out
}

fn announced(address: SocketAddr) -> LegSettings {
    LegSettings {
        announced: Some(address),
        ..LegSettings::default()
    }
}

async fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 2048];
    let (length, _) = timeout(PATIENCE, socket.recv_from(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    buffer[..length].to_vec()
}

#[tokio::test]
async fn packets_go_both_ways_untouched_and_are_counted() {
    let (alice, bob) = (socket().await, socket().await);
    let legs = [alice.local_addr().unwrap(), bob.local_addr().unwrap()].map(announced);
    let session = ThreadedRelay::new(pool(0, 30))
        .open(
            legs,
            Keep {
                pcap_bytes: 1_000_000,
                ..Keep::default()
            },
        )
        .unwrap();
    for n in 0..200u16 {
        let (there, back) = (rtp(n, &[n as u8; 160]), rtp(n, &[!n as u8; 160]));
        alice.send_to(&there, session.local(0)).await.unwrap();
        assert_eq!(receive(&bob).await, there);
        bob.send_to(&back, session.local(1)).await.unwrap();
        assert_eq!(receive(&alice).await, back);
    }
    let closed = session.close();
    for leg in &closed.legs {
        assert_eq!(
            (
                leg.received.received,
                leg.received.lost,
                leg.received.expected
            ),
            (200, 0, 200)
        );
        assert_eq!(
            (leg.sent, leg.unsent, leg.refused, leg.malformed),
            (200, 0, 0, 0)
        );
    }
    let pcap = closed.pcap.unwrap();
    assert_eq!(
        (pcap.left_out(), pcap.bytes().len()),
        (0, 24 + 400 * (16 + 28 + 172))
    );
}

#[tokio::test]
async fn strangers_and_garbage_do_not_pass() {
    let (alice, bob, mallory) = (socket().await, socket().await, socket().await);
    let legs = [alice.local_addr().unwrap(), bob.local_addr().unwrap()].map(announced);
    let session = ThreadedRelay::new(pool(1, 30))
        .open(legs, Keep::default())
        .unwrap();
    for n in 0..20u16 {
        mallory
            .send_to(&rtp(n, &[1; 160]), session.local(0))
            .await
            .unwrap();
    }
    alice.send_to(b"no media", session.local(0)).await.unwrap();
    alice
        .send_to(&[0x80; 3000], session.local(0))
        .await
        .unwrap();
    let good = rtp(7, &[2; 160]);
    alice.send_to(&good, session.local(0)).await.unwrap();
    assert_eq!(receive(&bob).await, good, "the first that passes");
    let [leg, _] = session.figures();
    assert_eq!(
        (leg.refused, leg.malformed, leg.received.received),
        (20, 2, 1)
    );
}

/// Media and control sockets on neighbouring ports, as a phone has them.
async fn pair() -> (UdpSocket, UdpSocket) {
    let ports = pool(6, 30).lease().unwrap();
    let (rtp, rtcp, _) = ports.parts();
    (
        UdpSocket::from_std(rtp).unwrap(),
        UdpSocket::from_std(rtcp).unwrap(),
    )
}

#[tokio::test]
async fn control_packets_pass_and_give_the_round_trip_of_each_leg() {
    let (alice, bob) = (pair().await, pair().await);
    let legs = [alice.0.local_addr().unwrap(), bob.0.local_addr().unwrap()].map(announced);
    let session = ThreadedRelay::new(pool(3, 30))
        .open(legs, Keep::default())
        .unwrap();
    let control = |leg: usize| {
        let mut address = session.local(leg);
        address.set_port(address.port() + 1);
        address
    };
    alice
        .0
        .send_to(&rtp(1, &[0; 160]), session.local(0))
        .await
        .unwrap();
    bob.0
        .send_to(&rtp(1, &[0; 160]), session.local(1))
        .await
        .unwrap();
    receive(&bob.0).await;
    receive(&alice.0).await;
    let ntp = NtpTime::from_utc_nanos(utc_nanos());
    let mut out = [0; 256];
    let mut builder = Builder::new(&mut out);
    let info = SenderInfo {
        ntp: ntp.0,
        ..SenderInfo::default()
    };
    builder
        .sender_report(42, &info, &[])
        .and_then(|builder| builder.cname(42, "a"))
        .unwrap();
    let length = builder.finish();
    alice.1.send_to(&out[..length], control(0)).await.unwrap();
    assert_eq!(receive(&bob.1).await, out[..length]);
    let block = ReportBlock {
        ssrc: 42,
        last_sr: ntp.middle(),
        ..ReportBlock::default()
    };
    let mut builder = Builder::new(&mut out);
    builder.receiver_report(43, &[block]).unwrap();
    let length = builder.finish();
    bob.1.send_to(&out[..length], control(1)).await.unwrap();
    assert_eq!(receive(&alice.1).await, out[..length]);
    let [first, second] = session.figures();
    assert!(
        second
            .round_trip_nanos
            .is_some_and(|trip| (0..10_000_000_000).contains(&trip))
    );
    assert_eq!(
        (
            first.control_packets,
            second.control_packets,
            first.round_trip_nanos
        ),
        (1, 1, None)
    );
}

#[tokio::test]
async fn two_ends_hear_each_others_marker_through_the_relay() {
    let pool = pool(8, 6);
    let payloads = {
        let mut map = PayloadMap::default();
        assert!(map.set(Payload {
            payload_type: 101,
            clock_hz: 8000,
            kind: Kind::TelephoneEvent,
        }));
        map
    };
    let settings = LegSettings {
        audible: Some((8, Law::A)),
        payloads,
        ..LegSettings::default()
    };
    let play = |marker: u16| Play {
        law: Law::A,
        payload_type: 8,
        marker: Some(marker),
        event_payload_type: Some(101),
        ssrc: u32::from(marker),
        first_sequence: 65_530,
        first_timestamp: u32::MAX - 500,
        record_seconds: 10,
        pcap_bytes: 1_000_000,
    };
    let near = Endpoint::open(&pool, settings.clone(), play(0x1111)).unwrap();
    let far = Endpoint::open(&pool, settings.clone(), play(0x2222)).unwrap();
    let legs = [near.local(), far.local()].map(|announced| LegSettings {
        announced: Some(announced),
        ..settings.clone()
    });
    let session = ThreadedRelay::new(pool.clone())
        .open(legs, Keep::default())
        .unwrap();
    near.announce(session.local(0));
    far.announce(session.local(1));
    near.send(true);
    far.send(true);
    assert!(near.press('4') && near.press('2'));
    timeout(Duration::from_secs(60), async {
        let done = |end: &Endpoint| end.figures().received.received >= 120;
        while !(done(&near) && done(&far) && far.figures().keys == "42") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    let (near, far, session) = (near.close().await, far.close().await, session.close());
    let hears = |heard: &Option<Heard>, marker| {
        let sounds = &heard.as_ref().unwrap().sounds;
        assert!(
            sounds
                .iter()
                .any(|sound| sound.kind == SoundKind::Marker(marker)),
            "{sounds:?}"
        );
    };
    hears(&near.heard, 0x2222);
    hears(&far.heard, 0x1111);
    hears(&session.heard[0], 0x1111);
    assert_eq!(session.legs[0].keys, "42");
    assert!(far.recorded.samples().len() > 8000 && far.figures.received.lost == 0);
    assert_eq!(pool.free_pairs(), pool.pairs());
}

#[tokio::test]
async fn ports_are_given_back_however_a_session_ends() {
    let pool = pool(4, 4);
    let relay = ThreadedRelay::new(pool.clone());
    for round in 0..50 {
        let one = relay.open(Default::default(), Keep::default()).unwrap();
        let two = relay.open(Default::default(), Keep::default()).unwrap();
        assert_eq!(pool.free_pairs(), 0);
        assert!(matches!(
            relay.open(Default::default(), Keep::default()),
            Err(MediaError::NoPorts)
        ));
        if round % 2 == 0 {
            one.close();
            two.close();
        } else {
            drop(one);
            drop(two);
        }
        timeout(PATIENCE, async {
            while pool.free_pairs() < pool.pairs() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn a_pair_another_program_holds_is_passed_over() {
    let pool = pool(5, 3);
    let _other = std::net::UdpSocket::bind((HOST, first(5) + 3)).unwrap();
    let leases = [pool.lease().unwrap(), pool.lease().unwrap()];
    assert_eq!(
        leases.each_ref().map(PortLease::port),
        [first(5), first(5) + 4]
    );
    assert!(matches!(pool.lease(), Err(MediaError::NoPorts)));
    drop(leases);
    assert_eq!(pool.free_pairs(), 3);
}

#[tokio::test]
async fn stamps_come_from_the_kernel() {
    let pool = pool(7, 2);
    let lease = pool.lease().unwrap();
    let sender = std::net::UdpSocket::bind((HOST, 0)).unwrap();
    let before = utc_nanos();
    sender
        .send_to(&[1, 2, 3], lease.rtp.local_addr().unwrap())
        .unwrap();
    let sent = utc_nanos();
    // The stamp is of the arrival, not of the reading.
    while utc_nanos() < sent + 5_000_000 {
        std::hint::spin_loop();
    }
    let mut receiver = super::stamped::Receiver::new();
    let Ok(datagram) = receiver.receive(&lease.rtp) else {
        panic!("nothing came");
    };
    assert!((before - 1_000_000..sent + 1_000_000).contains(&datagram.at_nanos));
    assert_eq!(
        (datagram.bytes, datagram.from),
        (&[1, 2, 3][..], sender.local_addr().unwrap())
    );
}
