use std::time::Duration;

use sottovoce::sip::headers::NameAddr;
use sottovoce::sip::{
    Body, Endpoint, EndpointConfig, EndpointEvent, EventPackages, Limits, NotifierId, NotifyState, Transmit, Transport,
    Uri,
};

use super::{counting, minute, octets, timed, watchers};

const DOCUMENT: &str = "application/pidf+xml";

pub fn measure(number: usize) {
    println!("{number} subscriptions to one endpoint:");
    let before = counting::held();
    let mut endpoint = Endpoint::new(config(number), [7; 32]);
    let subscribers = timed("accept SUBSCRIBE, first NOTIFY and its 200", number, || subscribe(&mut endpoint, number));
    octets("with their transactions, for 32 s", number, counting::held() - before);
    endpoint.handle_timeout(minute(1));
    octets("after that", number, counting::held() - before);
    let notifies = timed("notify all", number, || notify(&mut endpoint, &subscribers));
    timed("take all answers", number, || answer(&mut endpoint, &notifies));
    timed("next deadline, once a subscription", number, || {
        subscribers.iter().for_each(|_| assert!(endpoint.poll_timeout().is_some()));
    });
    endpoint.handle_timeout(minute(2));
    timed("all run out: last NOTIFY of each", number, || {
        endpoint.handle_timeout(minute(60));
        assert_eq!(sent(&mut endpoint).len(), number);
    });
}

fn subscribe(endpoint: &mut Endpoint, number: usize) -> Vec<NotifierId> {
    (0..number).map(|watcher| subscribe_one(endpoint, watcher)).collect()
}

fn subscribe_one(endpoint: &mut Endpoint, watcher: usize) -> NotifierId {
    endpoint.handle_message(minute(0), watchers::from(watcher), watchers::subscribe(watcher).as_bytes());
    let Some(EndpointEvent::Subscribed { id, .. }) = endpoint.poll_event() else { panic!("no SUBSCRIBE arrived") };
    endpoint.accept_subscription(minute(0), id, Duration::from_secs(3600));
    endpoint.notify(minute(0), id, NotifyState::Active, Some(document()));
    for sent in sent(endpoint) {
        if let Some(answer) = watchers::answer(&sent.bytes) {
            endpoint.handle_message(minute(0), watchers::from(watcher), &answer);
        }
    }
    id
}

fn notify(endpoint: &mut Endpoint, subscribers: &[NotifierId]) -> Vec<Transmit> {
    let document = document();
    for id in subscribers {
        endpoint.notify(minute(1), *id, NotifyState::Active, Some(document.clone()));
    }
    let sent = sent(endpoint);
    assert_eq!(sent.len(), subscribers.len());
    sent
}

fn answer(endpoint: &mut Endpoint, notifies: &[Transmit]) {
    for (watcher, notify) in notifies.iter().enumerate() {
        let answer = watchers::answer(&notify.bytes).expect("a NOTIFY");
        endpoint.handle_message(minute(1), watchers::from(watcher), &answer);
    }
    assert!(endpoint.poll_event().is_none(), "all are still subscribed");
}

fn sent(endpoint: &mut Endpoint) -> Vec<Transmit> {
    std::iter::from_fn(|| endpoint.poll_transmit()).collect()
}

/// As long as one datagram lets it be.
fn document() -> Body {
    Body::new(DOCUMENT, "x".repeat(600))
}

fn config(number: usize) -> EndpointConfig {
    let own = Uri::parse("sip:agent@192.0.2.1").expect("a URI");
    EndpointConfig {
        aor: NameAddr::new(own.clone()),
        contact: own,
        instance: None,
        user_agent: "sottovoce".to_owned(),
        t1: Duration::from_millis(500),
        supported: Vec::new(),
        accept: vec![DOCUMENT.to_owned()],
        events: EventPackages::new([("presence", DOCUMENT)]),
        listen: vec![(Transport::Udp, watchers::AGENT.into())],
        limits: Limits::times(number),
    }
}
