//! Calls where no sound server answers: sound in and out through ALSA.

use std::time::Duration;

use crate::calls::{heard, Call};
use crate::server::Server;
use crate::sound::gaps;

#[test]
fn a_voice_goes_through_devices_of_alsa_and_one_that_fails_is_taken_up_again() {
    let Some(mut server) = Server::start() else { return };
    ["mouth", "ear"].iter().for_each(|name| drop(server.plug(name)));
    let Some(mut alice) = server.agent_of_alsa("alice", "input = \"device:mouth\"") else { return };
    let Some(mut bob) = server.agent_of_alsa("bob", "output = \"device:ear\"") else { return };
    alice.start();
    bob.start();
    let listed = alice.run(&["devices", "list"]).expect(0).json();
    assert_eq!(listed["server"], "alsa");
    let mut call = Call::place(&alice, &bob);
    let voice = server.play("mouth", 1000.0);
    heard(&server, "ear", 1000.0);
    let mut measured: Vec<f64> = (0..5).map(|_| gaps(&server.hear("ear", Duration::from_secs(3)), 1000.0)).collect();
    measured.sort_by(f64::total_cmp);
    assert!(measured[2] <= 1.0, "{measured:?} % of gaps");
    drop(voice);
    // A sink that is unplugged, the server itself would replace.
    server.end();
    assert!(call.says("is gone").contains("sound input mouth"));
    server.start_again();
    ["mouth", "ear"].iter().for_each(|name| drop(server.plug(name)));
    let _voice = server.play("mouth", 1000.0);
    call.says("your side is heard again");
    heard(&server, "ear", 1000.0);
    call.end(&alice);
}
