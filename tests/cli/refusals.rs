//! What cannot be: each has a code, and says what to do.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;

use crate::process::{finish, Home};
use crate::schema::refused;
use crate::terminal::Terminal;

#[test]
fn a_second_agent_on_the_same_data_directory_is_refused() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    let error = refused(alice.run(&["run"]), 1, "data-dir-in-use");
    assert!(error["subject"].as_str().unwrap().contains("data"), "{error}");
    assert_eq!(alice.run(&["status"]).code, 0, "the first goes on");
}

#[test]
fn a_port_in_use_is_refused_by_name() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    bob.address = alice.address;
    bob.configure("");
    let error = refused(bob.run(&["run"]), 1, "port-in-use");
    assert!(error.to_string().contains(&format!("{}:5060", alice.address)), "{error}");
}

#[test]
fn a_configuration_is_refused_with_file_line_key_and_what_was_expected() {
    let alice = Home::new("alice", "none");
    let wrong = [
        ("entitty = \"sip:a@b\"\n", 1, "entitty", "entity"),
        ("\n[sip]\nt1-ms = \"fast\"\n", 3, "sip.t1-ms", "milliseconds"),
        ("[answer]\nmode = \"never\"\n", 2, "answer.mode", "auto"),
        ("[sip]\nlisten = \"udp:127.0.0.1:5060\"\n", 2, "sip.listen", "a list of one to eight addresses"),
        ("\nentity =\n", 2, "the file", "TOML"),
    ];
    for (text, line, key, expected) in wrong {
        std::fs::write(alice.config(), text).unwrap();
        let error = refused(alice.run(&["policy", "list"]), 2, "config-invalid");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("sottovoce.toml line {line}:")), "{text:?}: {error}");
        assert!(error["subject"].as_str().unwrap().contains(key), "{text:?}: {error}");
        assert!(error["next"].as_str().unwrap().contains(expected), "{text:?}: {error}");
    }
    std::fs::remove_file(alice.config()).unwrap();
    std::fs::create_dir(alice.config()).unwrap();
    refused(alice.run(&["policy", "list"]), 2, "config-unreadable");
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    alice.signal("TERM");
    let file = std::fs::read_dir(alice.data()).unwrap().map(|entry| entry.unwrap().path());
    let file =
        file.into_iter().find(|path| path.extension().is_some_and(|end| end == "db" || end == "sqlite")).unwrap();
    let database = rusqlite::Connection::open(&file).unwrap();
    database.pragma_update(None, "user_version", 9999).unwrap();
    drop(database);
    let before = std::fs::read(&file).unwrap();
    refused(alice.run(&["policy", "list"]), 1, "store-newer");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn arguments_that_cannot_be_read_are_usage() {
    let alice = Home::new("alice", "none");
    refused(alice.run(&["dance"]), 2, "usage");
    refused(alice.run(&["call"]), 2, "usage");
    for peer in ["not a peer", "127.91.0.300"] {
        refused(alice.run(&["ask", peer]), 2, "peer-unreadable");
    }
    let error = refused(alice.run(&["aks", "bob@127.0.0.1"]), 2, "usage");
    assert_eq!(error["message"], "unrecognized subcommand 'aks'");
    assert!(error["next"].as_str().unwrap().contains("'ask'"), "{error}");
    let ran = alice.run(&["ask", "bob@127.0.0.1", "--approve", "ipsec rot13/transport//require"]).expect(2);
    crate::schema::check(&ran, "ErrorBody");
    let ran = finish(&mut alice.command(&["dance"])).expect(2);
    assert!(ran.stdout.is_empty() && !ran.stderr.is_empty());
}

#[test]
fn a_configured_sound_that_is_not_there_is_told_at_the_start_and_refuses_calls() {
    let (alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    bob.start();
    alice.configure(&(alice.usual("none;") + "[audio]\ninput = \"file:/nonexistent/x.wav\"\n"));
    let mut terminal = Terminal::start(&alice, 120, "", &["run"]);
    let said = terminal.wait_for("Stop the agent with");
    assert!(said.contains("WARNING: audio.input: ") && said.contains("/nonexistent/x.wav"), "{said}");
    let error = refused(alice.run(&["call", &bob.entity(), "--approve"]), 1, "wav-unreadable");
    assert!(error["next"].as_str().unwrap().contains("--play"), "{error}");
    assert_eq!(bob.run(&["history"]).expect(0).json()["calls"].as_array().unwrap().len(), 0, "it never rang");
    let doctor = alice.run(&["doctor"]).expect(1).json();
    let check = doctor["checks"].as_array().unwrap().iter().find(|check| check["name"] == "audio-input").unwrap();
    assert_eq!(check["status"], "fail", "{check}");
    alice.run(&["stop"]).expect(0);
}

#[test]
fn a_data_directory_of_somebody_else_is_not_one_without_an_agent() {
    let alice = Home::new("alice", "none");
    let shut = |mode: u32| std::fs::set_permissions(alice.data(), PermissionsExt::from_mode(mode)).unwrap();
    std::fs::create_dir(alice.data()).unwrap();
    std::fs::set_permissions(alice.path(""), PermissionsExt::from_mode(0o755)).unwrap();
    let root = std::fs::metadata(alice.data()).unwrap().uid() == 0;
    // The other user may not enter the directory that the program was built in. By `cp`: a file that this process has
    // written could not be run while another thread's child still holds it open.
    let program = alice.path("program");
    assert!(std::process::Command::new("cp").arg(crate::process::PROGRAM).arg(&program).status().unwrap().success());
    shut(if root { 0o700 } else { 0 });
    for args in [&["status"][..], &["policy", "list"], &["run"], &["stop"]] {
        let mut command = std::process::Command::new(&program);
        command.args(["--json", "--data-dir"]).arg(alice.data()).arg("--config").arg(alice.config()).args(args);
        if root {
            command.uid(65534).gid(65534);
        }
        let error = refused(finish(&mut command), 1, "data-dir-closed");
        assert!(error["message"].as_str().unwrap().contains("and you are user "), "{error}");
    }
    shut(0o700);
}

#[test]
fn a_sound_file_that_cannot_be_used_is_refused_before_anybody_is_called() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    let file = alice.path("noise.wav");
    std::fs::write(&file, "RIFFnoise").unwrap();
    let none = "/nonexistent/x.wav";
    for (flag, name) in [("--play", file.to_str().unwrap()), ("--play", none), ("--record", none)] {
        let ran = alice.run(&["call", &bob.entity(), "--approve", flag, name]).expect(2);
        let error = crate::schema::check(&ran, "ErrorBody")["error"].clone();
        assert!(error.to_string().contains(".wav"), "{error}");
        assert!(!error["next"].as_str().unwrap().is_empty());
    }
    for home in [&alice, &bob] {
        assert_eq!(home.run(&["history"]).expect(0).json()["calls"].as_array().unwrap().len(), 0, "{}", home.name);
    }
}

/// An agent with another key is another device to everybody who approved this one.
#[test]
fn a_key_that_is_gone_is_not_made_anew() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    alice.signal("TERM");
    let key = alice.data().join("identity.key");
    let aside = alice.path("aside.key");
    std::fs::rename(&key, &aside).unwrap();
    let error = refused(alice.run(&["run"]), 6, "key-file-missing");
    assert!(error["next"].as_str().unwrap().contains("backup"), "{error}");
    assert!(!key.exists());
    std::fs::rename(&aside, &key).unwrap();
    alice.start();
}

#[test]
fn a_call_does_not_record_over_what_it_plays() {
    let (mut alice, bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    let speech = alice.path("speech.wav");
    write_wav(&speech);
    let before = std::fs::read(&speech).unwrap();
    let path = speech.to_str().unwrap();
    let error =
        refused(alice.run(&["call", &bob.entity(), "--play", path, "--record", path]), 2, "recording-impossible");
    assert!(error["message"].as_str().unwrap().contains("plays"), "{error}");
    assert_eq!(std::fs::read(&speech).unwrap(), before);
    refused(alice.run(&["call", &bob.entity(), "--record", "/nonexistent/heard.mp3"]), 2, "no-recording");
}

fn write_wav(path: &std::path::Path) {
    let format =
        hound::WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut file = hound::WavWriter::create(path, format).unwrap();
    (0..8000).for_each(|sample| file.write_sample(sample as i16).unwrap());
    file.finalize().unwrap();
}

/// A backup on a full disk must not be taken for one.
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let alice = Home::new("alice", "none");
    for args in [&["policy", "export"][..], &["policy", "list"], &["completions", "bash"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran = alice.command(args).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.code() == Some(1) && said.contains("No space left"), "{args:?}: {said}");
    }
}

/// Tunnels end at the two devices of a call, and padding goes with ESP alone.
#[test]
fn a_rule_that_cannot_be_says_what_to_write() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    let (ours, theirs) = (alice.address.to_string(), bob.address.to_string());
    let fits = format!("esp/tunnel/{ours}-{theirs}/require");
    let call = |rules: &str| alice.run(&["call", &theirs, "--approve", rules, "--duration", "0.3"]);
    let error = refused(call(&format!("ipsec esp/tunnel/{ours}-192.0.2.1/require")), 4, "answer-impossible");
    assert!(error["next"].as_str().unwrap().contains(&fits), "{error}");
    let talked = call(&format!("ipsec ipcomp/transport//use {fits}")).expect(0).json();
    assert_eq!((talked["state"].as_str(), talked["bundle"].as_str()), (Some("ended"), Some("esp/tunnel+ipcomp")));
    let elsewhere =
        format!("spdadd any {theirs} udp -P out ipsec esp/tunnel/{ours}-192.0.2.1/require; # sv: priority=1");
    alice.run(&["policy", "add", &elsewhere]).expect(0);
    let error = refused(alice.run(&["call", &theirs, "--duration", "0.3"]), 4, "tunnel-elsewhere");
    assert!(error["next"].as_str().unwrap().contains(&fits), "{error}");
    let padded = "spdadd any any udp -P out ipsec ipcomp/transport//use esp/transport//use; # sv: tfc=on";
    let error = refused(alice.run(&["policy", "add", padded]), 2, "bad-answer");
    assert!(error["next"].as_str().unwrap().contains("tfc=on"), "{error}");
    let error = refused(alice.run(&["policy", "default", "ipsec ipcomp/transport//use"]), 2, "policy-text-unreadable");
    assert!(error["message"].as_str().unwrap().contains("protects nothing"), "{error}");
}
