//! The agent of one scenario, as `expected.toml` wants it.

use std::fs::Permissions;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;

use crate::expected::Play;
use crate::process::Home;

/// Bob, not started yet; sipp is at `sipp`.
pub fn bob(play: &Play, sipp: Ipv4Addr, transport: &str) -> Home {
    let home = Home::new("bob", &play.policy);
    let mut text = usual(&home, play);
    if let Some(lines) = &play.account {
        text.push_str(&account(&home, lines, sipp, transport));
    }
    std::fs::write(home.config(), text).unwrap();
    home
}

fn usual(home: &Home, play: &Play) -> String {
    let address = home.address;
    let Play { answer, watchers, policy, t1_ms, srtp, .. } = play;
    let host = if play.account.is_some() { "example.org".to_owned() } else { address.to_string() };
    format!(
        "entity = \"sip:bob@{host}\"\ndisplay-name = \"Bob\"\n\
         [sip]\nlisten = [\"udp:{address}:5060\"]\nt1-ms = {t1_ms}\n[control]\nlisten = \"{address}:8060\"\n\
         [answer]\nmode = \"{answer}\"\n[watchers]\nunknown = \"{watchers}\"\n\
         [policy]\ndefault = [\"spdadd any any udp -P out {policy};\"]\n\
         [srtp]\n{srtp}\n"
    )
}

/// sipp is the proxy of example.org.
fn account(home: &Home, lines: &str, sipp: Ipv4Addr, transport: &str) -> String {
    let password = home.path("password");
    std::fs::write(&password, "secret\n").unwrap();
    std::fs::set_permissions(&password, Permissions::from_mode(0o600)).unwrap();
    let kind = if transport.starts_with('t') { "tcp" } else { "udp" };
    format!("[[account]]\nproxy = \"{kind}:{sipp}:5060\"\npassword-file = \"password\"\n{lines}\n")
}

/// Bob approves an agent at that address, which then is no more: sipp takes its place.
pub fn approve(bob: &Home, action: &str, at: Ipv4Addr, name: Option<&str>) {
    let mut alice = Home::at(at, "alice", action);
    let mut asked = alice.entity();
    if let Some(name) = name {
        let text = std::fs::read_to_string(alice.config()).unwrap();
        std::fs::write(alice.config(), text.replace(&asked, name)).unwrap();
        asked = name.replace("sip:", "tel:").split('@').next().unwrap().to_owned();
    }
    alice.start();
    bob.run(&["ask", &asked, "--approve"]).expect(0);
    assert_eq!(alice.signal("TERM"), Some(0));
}
