//! Asks a peer for its presence and policy, and prints the review. Nothing is registered, and nothing is left on disk.
//!
//! `cargo run --example ask -- OWN-ADDRESS PEER`, as `cargo run --example ask -- 192.168.1.1 192.168.1.2`. The peer runs
//! `sottovoce run`. OWN-ADDRESS is one of this machine, by which the peer can reach it.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use sottovoce::app::config::{Config, Machine};
use sottovoce::app::control::request::AskBody;
use sottovoce::app::control::view::{AskView, ReviewView};
use sottovoce::app::control::{Control, Wait};
use sottovoce::app::start_with;
use sottovoce::vocab::Failure;

/// RFC 3261 gives a peer 32 s to answer.
const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [own, peer] = &arguments[..] else {
        return Err("usage: ask OWN-ADDRESS PEER".into());
    };
    let agent = start_with(config(own.parse()?)?, false, None).await?;
    let asked = ask(&agent.control, peer).await;
    agent.stop().await;
    Ok(asked?)
}

/// An agent that forgets everything, and keeps out of the way of one at the usual port.
fn config(own: IpAddr) -> Result<Config, Failure> {
    let listen = std::net::SocketAddr::new(own, 5070);
    let text = format!(
        "entity = \"sip:example@{listen}\"\n\
         sip.listen = [\"udp:{listen}\"]\n\
         answer.mode = \"reject\"\n\
         store.kind = \"memory\"\n"
    );
    Config::from_text(&text, None, std::env::temp_dir(), &Machine::this())
}

async fn ask(control: &Control, peer: &str) -> Result<(), Failure> {
    let body = AskBody {
        peer: peer.to_owned(),
        presence: true,
        policy: true,
        answer: None,
        accept_key: None,
        purpose: None,
        content: None,
        account: None,
    };
    let started = control.ask(&body).await?;
    let ask = control.ask_view(&started.id, &Wait { limit: PATIENCE, through: None }).await?;
    match &ask.review {
        Some(review) => print(&control.review(review, &Wait::default()).await?),
        None => print_failure(&ask),
    }
    Ok(())
}

fn print(review: &ReviewView) {
    let presence = &review.presence;
    println!("{} is {}", presence.entity, presence.user.as_deref().unwrap_or("somebody without a name"));
    println!("  at {}", presence.place.as_deref().unwrap_or("a place that it does not tell"));
    println!("  keys {} ({:?})", review.statement.fingerprint, review.statement.key_state);
    println!("it asks for this protection:");
    for entry in &review.proposed {
        println!("  {}", entry.setkey);
    }
    println!("we advise at least `{}`: {:?}", review.advice.least, review.advice.verdict);
    for why in &review.advice.why {
        println!("  {why}");
    }
}

fn print_failure(ask: &AskView) {
    match &ask.failure {
        Some(failure) => println!("{}\n  next: {}", failure.message, failure.next),
        None => println!("{} has not answered yet", ask.target),
    }
}
