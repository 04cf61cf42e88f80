//! Accounts that are added and removed while an agent runs, and where their passwords are; telephone numbers; e-mail addresses.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use sottovoce::sip::{HeaderName, Message, Method, Response};

use crate::dns::Zone;
use crate::locate::{name_server, use_dns};
use crate::process::{finish, look_until, own_address, wait_until, Answering, Home};
use crate::schema::{check, refused};
use crate::terminal::Terminal;

const PASSWORD: &str = "hunter2-and-more";

fn password_file(home: &Home, mode: u32) -> String {
    let file = home.path("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    file.display().to_string()
}

/// Takes every registration; the Expires of each that came.
fn counting() -> (String, Answering, Arc<Mutex<Vec<String>>>) {
    let (address, heard) = (own_address(), Arc::<Mutex<Vec<String>>>::default());
    let hears = Arc::clone(&heard);
    let answering = Answering::start((address, 5060).into(), move |bytes| {
        let Ok(Message::Request(request)) = Message::parse(bytes) else { return None };
        let mut response = Response::to(&request, 200, "OK");
        let expires = request.headers().first(HeaderName::EXPIRES)?;
        response.headers_mut().push("Expires", expires).unwrap();
        if *request.method() == Method::Register {
            hears.lock().unwrap().push(expires.to_owned());
        }
        Some(response.to_bytes().to_vec())
    });
    (format!("udp:{address}:5060"), answering, heard)
}

/// Whether any file below `dir` has it.
fn holds(dir: &Path, text: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        let octets = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        path.is_dir() && holds(&path, text) || octets.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

#[test]
fn an_account_is_added_registers_survives_a_restart_and_is_removed() {
    let mut alice = Home::new("alice", "none");
    let (proxy, _registrar, heard) = counting();
    let file = password_file(&alice, 0o600);
    alice.start();
    let add = ["account", "add", "alice@example.org", "--proxy", &proxy, "--password-file", &file, "--no-publish"];
    let added = check(&alice.run(&add).expect(0), "AccountView");
    assert_eq!((added["state"].as_str(), added["added"].as_bool()), (Some("registered"), Some(true)), "{added}");
    refused(alice.run(&add), 2, "account-exists");
    let status = check(&alice.run(&["status"]).expect(0), "StatusView");
    assert_eq!(status["accounts"][0]["entity"], "sip:alice@example.org");
    let shown = finish(&mut alice.command(&["status"])).expect(0).stdout;
    assert!(shown.contains("sip:alice@example.org: registered until"), "{shown}");
    let listed = finish(&mut alice.command(&["account", "list"])).expect(0).stdout;
    assert!(listed.contains("last heard of at"), "by UDP nothing else tells: {listed}");
    let doctor = finish(&mut alice.command(&["doctor"])).stdout;
    assert!(doctor.contains("sip:alice@example.org at") && doctor.contains("registered"), "{doctor}");
    assert_eq!(alice.signal("TERM"), Some(0));
    assert_eq!(*heard.lock().unwrap(), ["3600", "0"]);
    alice.start();
    let show = ["account", "show", "sip:alice@example.org"];
    look_until(|| (alice.run(&show).expect(0).json()["state"] == "registered").then_some(()));
    let left = check(&alice.run(&["account", "remove", "sip:alice@example.org"]).expect(0), "AccountList");
    assert_eq!(left["accounts"].as_array().map(Vec::len), Some(0), "{left}");
    wait_until(|| heard.lock().unwrap().last().is_some_and(|last| last == "0"));
    refused(alice.run(&["account", "remove", "alice@example.org"]), 2, "no-such-account");
    let audit = alice.run(&["audit"]).expect(0).stdout;
    assert!(audit.contains("account-added") && audit.contains("account-removed"), "{audit}");
    assert_eq!(alice.signal("TERM"), Some(0));
    let nothing = alice.start();
    assert_eq!(nothing["accounts"].as_array().map(Vec::len), Some(0), "{nothing}");
}

#[test]
fn an_account_of_the_configuration_is_not_removed_and_its_file_is_named() {
    let mut alice = Home::new("alice", "none");
    let (proxy, _registrar, _) = counting();
    let account = format!("[[account]]\nentity = \"sip:alice@example.org\"\nproxy = \"{proxy}\"\n");
    alice.configure(&(alice.usual("none;") + &account));
    alice.start();
    let failure = refused(alice.run(&["account", "remove", "alice@example.org"]), 2, "account-configured");
    let file = alice.config().display().to_string();
    assert!(failure["next"].as_str().unwrap().contains(&file), "{failure}");
    assert_eq!(alice.run(&["account", "list"]).expect(0).json()["accounts"][0]["added"], false);
}

/// It is in no file, no log, and no answer; the database has it encrypted.
#[test]
fn a_password_is_nowhere_to_be_read() {
    let alice = Home::new("alice", "none");
    let (proxy, _registrar, _) = counting();
    let log = alice.path("log");
    let mut command = alice.command(&["run"]);
    command.env("RUST_LOG", "trace").stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
    let mut agent = command.spawn().unwrap();
    look_until(|| (alice.run(&["status"]).code == 0).then_some(()));
    let mut add = alice.command(&["account", "add", "alice@example.org", "--proxy", &proxy]);
    let mut child = add.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let said = format!("{done:?}");
    let shown = format!(
        "{said}{:?}",
        [&["account", "show"][..], &["account", "list"], &["audit"], &["status"]]
            .map(|words| { (alice.run(words), finish(&mut alice.command(words))) })
    );
    assert!(shown.contains("registered") && !shown.contains(PASSWORD), "{shown}");
    let bearer = format!("Bearer {}", alice.token());
    let host = format!("{}:8060", alice.address);
    let headers = [("Host", host.as_str()), ("Authorization", bearer.as_str())];
    for path in ["/v1/accounts", "/v1/accounts/sip:alice@example.org", "/v1/status", "/v1/doctor"] {
        let (status, body) = alice.http(&format!("GET {path}"), &headers);
        assert!(status == 200 && body.contains("sip:alice@example.org") && !body.contains(PASSWORD), "{body}");
    }
    assert!(holds(&alice.data(), "sip:alice@example.org"), "the database is where it is looked for");
    assert!(!holds(&alice.data(), PASSWORD) && !holds(&alice.data(), "hunter2"));
    let written = std::fs::read_to_string(&log).unwrap();
    assert!(written.contains("registered") && !written.contains("hunter2"), "{written}");
    alice.run(&["stop"]).expect(0);
    agent.wait().unwrap();
    assert!(!holds(&alice.data(), "hunter2"));
}

#[test]
fn a_password_comes_from_where_the_user_says_and_never_from_the_command_line() {
    let mut alice = Home::new("alice", "none");
    let (proxy, _registrar, _) = counting();
    alice.start();
    for words in [["account", "show"], ["account", "list"]] {
        let none = finish(&mut alice.command(&words)).expect(0).stdout;
        assert!(none.contains("no account; `sottovoce account add"), "{none}");
    }
    let add = |more: &[&str]| {
        alice.command(&[&["--json", "account", "add", "alice@example.org", "--proxy", &proxy], more].concat())
    };
    let gone = || drop(alice.run(&["account", "remove", "alice@example.org"]).expect(0));
    finish(add(&["--password-env", "HERS"]).env("HERS", PASSWORD)).expect(0);
    gone();
    finish(&mut add(&["--no-password"])).expect(0);
    gone();
    refused(finish(&mut add(&["--password-env", "HERS"])), 2, "no-password");
    // Standard input is empty.
    refused(finish(&mut add(&[])), 2, "no-password");
    let open = password_file(&alice, 0o644);
    let failure = refused(finish(&mut add(&["--password-file", &open])), 2, "no-password");
    assert!(failure.to_string().contains("others may read"), "{failure}");
    refused(finish(&mut add(&["--password", PASSWORD])), 2, "usage");
    for words in [
        &["account", "add", "alice:hunter2@example.org"][..],
        &["ask", "sip:bob:hunter2@192.0.2.1"],
        &["call", "bob:hunter2@example.org"],
    ] {
        let ran = alice.run(words);
        assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"), "{ran:?}");
        refused(ran, 2, "password-in-uri");
    }
    assert_eq!(alice.run(&["account", "list"]).expect(0).json()["accounts"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_typed_password_is_not_shown_and_ctrl_c_adds_nothing() {
    let mut alice = Home::new("alice", "none");
    let (proxy, _registrar, _) = counting();
    alice.start();
    let add = ["account", "add", "alice@example.org", "--proxy", &proxy];
    let mut terminal = Terminal::start(&alice, 100, "", &add);
    terminal.wait_for("(not shown): ");
    terminal.type_in("hun\u{3}");
    let (code, shown, cooked) = terminal.end();
    assert!(code == 2 && cooked && shown.contains("nothing was added") && !shown.contains("hun"), "{code} {shown}");
    let mut terminal = Terminal::start(&alice, 100, "", &add);
    terminal.wait_for("(not shown): ");
    terminal.type_in("hunter2\r");
    terminal.wait_for("registered until");
    let (code, shown, cooked) = terminal.end();
    assert!(code == 0 && cooked && !shown.contains("hunter2"), "{code} {shown}");
}

/// Nobody types a password for what cannot be an account.
#[test]
fn what_can_be_no_account_is_refused_before_its_password_is_asked_for() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    for (words, message) in [
        (&["example.org"][..], "`example.org` is no account"),
        (&["alice@example.org", "--proxy", "5060"], "proxy is \"5060\""),
        (&["alice@example.org", "--proxy", "udp:192.0.2"], "proxy is \"udp:192.0.2\""),
        (&["alice@example.org", "--proxy", "sctp:h"], "proxy is \"sctp:h\""),
        (&["sips:alice@example.org", "--proxy", "udp:192.0.2.1"], "goes by TLS only"),
    ] {
        let terminal = Terminal::start(&alice, 200, "\r", &[&["account", "add"], words].concat());
        let (code, shown, _) = terminal.end();
        assert!(code == 2 && shown.contains(message) && !shown.contains("password of"), "{words:?}: {code} {shown}");
    }
}

#[test]
fn without_a_running_agent_an_account_is_added_for_the_next_one() {
    let mut alice = Home::new("alice", "none");
    let (proxy, _registrar, heard) = counting();
    let file = password_file(&alice, 0o600);
    let ran = finish(&mut alice.command(&[
        "account",
        "add",
        "alice@example.org",
        "--proxy",
        &proxy,
        "--password-file",
        &file,
        "--mailbox",
    ]));
    let ran = ran.expect(0);
    assert!(ran.stderr.contains("no agent runs") && ran.stdout.contains("registered until"), "{ran:?}");
    assert_eq!(heard.lock().unwrap().last().map(String::as_str), Some("0"), "nobody is there any more");
    alice.start();
    let shown = || alice.run(&["account", "show"]).expect(0).json()["accounts"][0].clone();
    let account = look_until(|| Some(shown()).filter(|account| account["state"] == "registered"));
    assert_ne!(account["mailbox"]["state"], "off", "it was added with one");
}

/// A look is no reason to register, and to be gone again.
#[test]
fn without_a_running_agent_a_list_registers_nothing_and_says_so() {
    let alice = Home::new("alice", "none");
    let (proxy, _registrar, heard) = counting();
    alice.configure(
        &(alice.usual("none;") + &format!("[[account]]\nentity = \"sip:alice@example.org\"\nproxy = \"{proxy}\"\n")),
    );
    for words in
        [&["account", "list"][..], &["account", "show"], &["presence", "list"], &["policy", "list"], &["message"]]
    {
        alice.run(words).expect(0);
    }
    let listed = check(&alice.run(&["account", "list"]).expect(0), "AccountList");
    assert_eq!(listed["accounts"][0]["state"], "not-running", "{listed}");
    let shown = finish(&mut alice.command(&["account", "list"])).expect(0).stdout;
    assert!(shown.contains("not running"), "{shown}");
    let file = password_file(&alice, 0o600);
    let words = ["account", "add", "al@example.org", "--proxy", &proxy, "--password-file", &file];
    alice.run(&words).expect(0);
    let before = heard.lock().unwrap().len();
    alice.run(&["account", "remove", "al@example.org"]).expect(0);
    assert_eq!(heard.lock().unwrap().len(), before, "nothing stood any more");
    assert_eq!(alice.run(&["account", "list"]).expect(0).json()["accounts"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_account_that_is_not_registered_is_kept_and_the_command_fails() {
    let mut alice = Home::new("alice", "none");
    let address = own_address();
    let _forbids = Answering::start((address, 5060).into(), |bytes| {
        let Ok(Message::Request(request)) = Message::parse(bytes) else { return None };
        let mut response = Response::to(&request, 401, "Unauthorized");
        let asks = "Digest realm=\"example.org\", nonce=\"n\", algorithm=SHA-256";
        response.headers_mut().push("WWW-Authenticate", asks).unwrap();
        Some(response.to_bytes().to_vec())
    });
    let mute = crate::process::silent(own_address());
    let file = password_file(&alice, 0o600);
    alice.start();
    for (name, proxy, code, why, state) in [
        ("alice@example.org", format!("udp:{address}:5060"), 4, "registration-refused", "refused"),
        ("al@example.org", format!("udp:{}", mute.local_addr().unwrap()), 5, "registrar-silent", "registering"),
    ] {
        let words = [
            "account",
            "add",
            name,
            "--proxy",
            &proxy,
            "--password-file",
            &file,
            "--no-publish",
            "--no-watchers",
            "--mailbox",
        ];
        let failure = refused(alice.run(&words), code, why);
        assert!(failure["message"].as_str().unwrap().contains("the account is kept"), "{failure}");
        let next = failure["next"].as_str().unwrap();
        assert!(
            !next.is_empty()
                && (code != 4
                    || next.contains(&format!("add sip:{name} --proxy {proxy} --no-publish --no-watchers --mailbox`"))),
            "{next}"
        );
        let kept = alice.run(&["account", "show", name]).expect(0).json();
        assert_eq!(kept["state"], state, "{kept}");
    }
}

#[test]
fn who_does_not_want_to_wait_leaves_and_the_account_is_kept() {
    let mut alice = Home::new("alice", "none");
    let mute = crate::process::silent(own_address());
    alice.start();
    let proxy = format!("udp:{}", mute.local_addr().unwrap());
    let add = ["account", "add", "al@example.org", "--proxy", &proxy, "--no-password"];
    let mut terminal = Terminal::start(&alice, 200, "", &add);
    terminal.wait_for("asking its server, for 5 s at most");
    terminal.type_in("\u{3}");
    let (code, shown, _) = terminal.end();
    assert!(code == 5 && shown.contains("the account is kept"), "{code} {shown}");
    assert_eq!(alice.run(&["account", "show", "al@example.org"]).expect(0).json()["added"], true);
}

#[test]
fn a_stored_password_does_not_open_with_another_key_and_that_is_told() {
    let mut alice = Home::new("alice", "none");
    let (proxy, _registrar, heard) = counting();
    let file = password_file(&alice, 0o600);
    alice.run(&["account", "add", "alice@example.org", "--proxy", &proxy, "--password-file", &file]).expect(0);
    let key = alice.data().join("identity.key");
    let own = std::fs::read(&key).unwrap();
    std::fs::write(&key, [9; 64]).unwrap();
    let before = heard.lock().unwrap().len();
    let status = alice.start();
    let account = &status["accounts"][0];
    assert_eq!(
        (account["state"].as_str(), account["failure"]["code"].as_str()),
        (Some("refused"), Some("password-unopened"))
    );
    let next = account["failure"]["next"].as_str().unwrap();
    assert!(next.contains("identity.key") && next.contains("account remove"), "{next}");
    assert_eq!(alice.signal("TERM"), Some(0));
    assert_eq!(heard.lock().unwrap().len(), before, "nothing was sent");
    std::fs::write(&key, own).unwrap();
    alice.start();
    look_until(|| {
        (alice.run(&["account", "show"]).expect(0).json()["accounts"][0]["state"] == "registered").then_some(())
    });
}

/// What the agent's own terminal says: that it is refused once, and that it is well again half a minute later.
#[test]
fn a_running_agent_says_when_its_account_is_registered() {
    let alice = Home::new("alice", "none");
    let (address, first) = (own_address(), std::sync::atomic::AtomicBool::new(true));
    let _registrar = Answering::start((address, 5060).into(), move |bytes| {
        let Ok(Message::Request(request)) = Message::parse(bytes) else { return None };
        let status = if first.swap(false, std::sync::atomic::Ordering::Relaxed) { 480 } else { 200 };
        Some(Response::to(&request, status, "As It Is").to_bytes().to_vec())
    });
    let account = format!("entity = \"sip:alice@example.org\"\nproxy = \"udp:{address}:5060\"\npublish = false\n");
    alice.configure(&format!("{}[[account]]\n{account}", alice.usual("none;")));
    let mut terminal = Terminal::start(&alice, 200, "", &["run"]);
    terminal.wait_for("sip:alice@example.org is not registered: ");
    terminal.wait_for(&format!("account sip:alice@example.org: registered at udp:{address}:5060"));
    terminal.type_in("\u{3}");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_telephone_number_needs_an_account_and_a_local_one_its_context() {
    let mut alice = Home::new("alice", "none");
    let (proxy, _registrar, _) = counting();
    alice.start();
    for words in
        [["call", "+493012345678"], ["ask", "tel:+49-30-12345678"], ["call", "sip:+4930@example.org;user=phone"]]
    {
        let failure = refused(alice.run(&words), 5, "no-phone-account");
        assert!(failure.to_string().contains("account add"), "{failure}");
    }
    let add = ["account", "add", "alice@example.org", "--proxy", &proxy, "--no-password", "--no-publish"];
    alice.run(&add).expect(0);
    let failure = refused(alice.run(&["call", "7042"]), 2, "local-number");
    assert!(failure.to_string().contains("phone-context"), "{failure}");
    refused(alice.run(&["call", "tel:+49x"]), 2, "peer-unreadable");
    refused(alice.run(&["call", "+4930", "--account", "bob@example.org"]), 2, "no-such-account");
}

#[test]
fn an_e_mail_address_is_looked_for_in_the_book_and_then_by_sip() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    let (dns, _server) = name_server(Zone::default());
    use_dns(&alice, dns);
    alice.start();
    bob.start();
    let failure = refused(alice.run(&["ask", "mailto:bob@nowhere.example"]), 5, "host-unknown").to_string();
    assert!(
        failure.contains("tried: the contact book (nobody there has this e-mail address), SIP for nowhere.example"),
        "{failure}"
    );
    let failure = refused(alice.run(&["call", "bob@nowhere.example"]), 5, "host-unknown").to_string();
    assert!(failure.contains("the contact book") && failure.contains("SIP"), "{failure}");
    alice.run(&["ask", &bob.entity(), "--approve"]).expect(0);
    let named = alice.run(&["presence", "rename", &bob.entity(), "--mail", "Bob@nowhere.example"]).expect(0).json();
    assert_eq!(named["presences"][0]["own_mail"], "Bob@nowhere.example", "{named}");
    let ask = alice.run(&["ask", "bob@nowhere.example", "--approve"]).expect(0).json();
    assert_eq!(ask["target"], bob.entity(), "{ask}");
    let call = alice.run(&["call", "mailto:bob@nowhere.example?subject=x", "--duration", "0.3"]).expect(0).json();
    assert_eq!(
        (call["state"].as_str(), call["entity"].as_str()),
        (Some("ended"), Some(bob.entity().as_str())),
        "{call}"
    );
    assert_eq!(bob.signal("KILL"), None);
    let failure = refused(alice.run(&["ask", "bob@nowhere.example"]), 5, "peer-silent").to_string();
    assert!(
        failure.contains(&format!("the contact book (it is {}), SIP at udp:{}:5060", bob.entity(), bob.address)),
        "{failure}"
    );
    refused(alice.run(&["presence", "rename", &bob.entity(), "--mail", "nobody"]), 2, "bad-name");
}
