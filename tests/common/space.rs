//! A test in a network of its own: some programs want another interface than loopback, and a default route.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use crate::process::skip;

/// Its addresses beside loopback.
pub const HERE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
pub const THERE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
pub const BETWEEN: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 3);

/// Of the run within it.
const WITHIN: &str = "SOTTOVOCE_TEST_SPACE";

/// Root needs no user namespace, and gets none in a chroot (EPERM of unshare(2)); others cannot do without.
const WAYS: [&[&str]; 2] = [&["--net"], &["--net", "--map-root-user"]];

const SET_UP: &str =
    "ip link set lo up && ip link add near type veth peer name far && ip link set near up && ip link set far up && \
    ip addr add 10.77.0.1/24 dev near && ip addr add 10.77.0.2/24 dev near && \
    ip addr add 10.77.0.3/24 dev near && ip route add default via 10.77.0.254";

/// Whether this is the run of the test of that name within such a network, which is gone with its processes; the run without makes it.
pub fn is_within(test: &str) -> bool {
    if std::env::var_os(WITHIN).is_some() {
        return true;
    }
    let unshare = |way: &[&str], then: &str| {
        let mut command = Command::new("unshare");
        command.args(way).args(["--", "sh", "-c", &format!("{SET_UP} && {then}"), "sh"]).stdin(Stdio::null());
        command
    };
    let works =
        |way: &&&[&str]| unshare(way, "true").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let Some(way) = WAYS.iter().find(works) else {
        skip("this system makes no network namespaces (unshare --net)");
        return false;
    };
    let program = std::env::current_exe().unwrap();
    let mut run = unshare(way, "exec \"$@\"");
    run.arg(program).args([test, "--exact", "--nocapture"]).env(WITHIN, "yes");
    assert!(run.status().unwrap().success(), "{test} fails in a network of its own");
    false
}
