//! Whom a leg listens to, as its socket shows it.
use super::*;

#[tokio::test]
async fn behind_nat_the_way_back_is_learnt() {
    let (alice, bob) = (socket().await, socket().await);
    let hidden = LegSettings {
        announced: Some("192.0.2.1:4000".parse().unwrap()),
        learning: Learning::Any,
        ..LegSettings::default()
    };
    let legs = [hidden, announced(bob.local_addr().unwrap())];
    let session = ThreadedRelay::new(pool(2, 30))
        .open(legs, Keep::default())
        .unwrap();
    for n in 0..4u16 {
        alice
            .send_to(&rtp(n, &[1; 160]), session.local(0))
            .await
            .unwrap();
    }
    assert_eq!(receive(&bob).await, rtp(3, &[1; 160]));
    bob.send_to(&rtp(9, &[2; 160]), session.local(1))
        .await
        .unwrap();
    assert_eq!(receive(&alice).await, rtp(9, &[2; 160]));
    assert_eq!(
        session.figures()[0].source,
        Some(alice.local_addr().unwrap())
    );
}

#[tokio::test]
async fn another_source_is_heard_only_when_the_locked_one_is_silent() {
    let (alice, moved, bob) = (socket().await, socket().await, socket().await);
    let legs =
        [alice.local_addr().unwrap(), bob.local_addr().unwrap()].map(|address| LegSettings {
            learning: Learning::SameHost,
            ..announced(address)
        });
    let session = ThreadedRelay::new(pool(10, 30))
        .open(legs, Keep::default())
        .unwrap();
    for n in 0..20u16 {
        let (good, stolen) = (rtp(n, &[1; 160]), rtp(n, &[2; 160]));
        moved.send_to(&stolen, session.local(0)).await.ok();
        alice.send_to(&good, session.local(0)).await.unwrap();
        assert_eq!(receive(&bob).await, good);
    }
    let begun = std::time::Instant::now();
    timeout(PATIENCE, async {
        for n in 100.. {
            // While it is turned away, the answer to one packet comes up as an error of the next.
            moved
                .send_to(&rtp(n, &[3; 160]), session.local(0))
                .await
                .ok();
            let heard = timeout(Duration::from_millis(20), receive(&bob)).await;
            if heard.is_ok_and(|bytes| bytes[12] == 3) {
                break;
            }
        }
    })
    .await
    .unwrap();
    assert!(begun.elapsed() > Duration::from_millis(1900));
    let [leg, _] = session.figures();
    assert_eq!(leg.source, Some(moved.local_addr().unwrap()));
    assert_eq!(leg.source_moved, 1);
}

#[tokio::test]
async fn a_side_that_comes_back_to_its_port_is_sent_to_again() {
    let (alice, bob) = (socket().await, socket().await);
    let at = bob.local_addr().unwrap();
    let legs = [alice.local_addr().unwrap(), at].map(announced);
    let session = ThreadedRelay::new(pool(11, 30))
        .open(legs, Keep::default())
        .unwrap();
    bob.send_to(&rtp(1, &[1; 160]), session.local(1))
        .await
        .unwrap();
    receive(&alice).await;
    drop(bob);
    for n in 0..20u16 {
        alice
            .send_to(&rtp(n, &[1; 160]), session.local(0))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let bob = UdpSocket::bind(at).await.unwrap();
    let last = rtp(21, &[7; 160]);
    alice.send_to(&last, session.local(0)).await.unwrap();
    assert_eq!(
        receive(&bob).await,
        last,
        "the first after nobody was there"
    );
}
