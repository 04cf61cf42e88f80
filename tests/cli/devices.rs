//! Sound devices in words: what is chosen, what is refused, and that it lasts. With devices that sound: `tests/devices`.

use crate::process::{finish, Home};
use crate::schema::{check, refused};

/// No sound server: what the machine has else is nobody's matter here.
fn home() -> Home {
    let home =
        Home::new("alice", "none").with("PULSE_SERVER", "unix:/nonexistent").with("XDG_RUNTIME_DIR", "/nonexistent");
    home.configure(&format!("[audio]\ninput = \"tone:440\"\ninput-gain = -3\n{}", home.usual("none;")));
    home
}

#[test]
fn what_is_chosen_lasts_over_a_restart_until_the_configuration_counts_again() {
    let mut alice = home();
    let listed = check(&alice.run(&["devices", "list"]).expect(0), "DevicesView");
    assert_eq!(
        (&listed["input"], &listed["input_gain"], &listed["chosen"]),
        (&"tone:440".into(), &(-3).into(), &false.into())
    );
    alice.start();
    check(&alice.run(&["devices", "use", "--input", "none"]).expect(0), "DevicesView");
    let now = check(&alice.run(&["devices", "gain", "--output", "-6"]).expect(0), "DevicesView");
    let chosen = ("silence".into(), "none".into(), (-3).into(), (-6).into(), true.into());
    let of = |view: &serde_json::Value| {
        let of = |name: &str| view[name].clone();
        (of("input"), of("output"), of("input_gain"), of("output_gain"), of("chosen"))
    };
    assert_eq!(of(&now), chosen);
    alice.run(&["stop"]).expect(0);
    alice.start();
    assert_eq!(of(&check(&alice.run(&["devices", "list"]).expect(0), "DevicesView")), chosen);
    let back = check(&alice.run(&["devices", "use", "--configured", "--output", "none"]).expect(0), "DevicesView");
    assert_eq!(of(&back), ("tone:440".into(), "none".into(), (-3).into(), 0.into(), true.into()));
    let back = check(&alice.run(&["devices", "use", "--configured"]).expect(0), "DevicesView");
    assert_eq!(back["chosen"], false);
}

#[test]
fn no_card_and_no_sound_server_are_called_that_by_every_command_and_alsa_says_nothing_itself() {
    let alice = home();
    let config = alice.path("asound.conf");
    std::fs::write(&config, "pcm.!default { type hw card 31 }\npcm.pulse { type hw card 31 hint.show on }\n").unwrap();
    let mut alice = alice.with("ALSA_CONFIG_PATH", config.to_str().unwrap());
    alice.configure(&format!("[audio]\ninput = \"default\"\noutput = \"default\"\n{}", alice.usual("none;")));
    let told = alice.start_and_stop();
    assert!(told.contains("no sound server answers") && !told.contains("ALSA lib"), "{told}");
    alice.start();
    let listed = check(&alice.run(&["devices", "list"]).expect(0), "DevicesView");
    assert_eq!(listed["inputs"].as_array().map(Vec::len), Some(0), "{listed}");
    let shown = finish(&mut alice.command(&["devices", "list"])).stdout;
    assert!(shown.contains("no sound devices: start PulseAudio or PipeWire"), "{shown}");
    let failing = [
        vec!["devices", "test"],
        vec!["devices", "use", "--input", "default"],
        vec!["call", "127.0.0.1", "--approve", "none"],
    ];
    for command in failing {
        let failed = refused(alice.run(&command), 1, "no-such-device");
        let says = |field: &str, what: &str| failed[field].as_str().is_some_and(|text| text.contains(what));
        assert!(says("message", "no sound server answers, and ALSA's default does not open"), "{failed}");
        assert!(says("next", "`sottovoce devices use --input none` goes without"), "{failed}");
    }
    let doctor = alice.run(&["doctor"]).expect(1).json();
    let failed = doctor["checks"].as_array().unwrap().iter().filter(|check| check["status"] == "fail");
    assert_eq!(
        failed.map(|check| check["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["audio-input", "audio-output"]
    );
}

/// Each call would be taken and end at once.
#[test]
fn an_output_that_cannot_be_is_told_at_the_start_as_an_input_is() {
    let told = |audio: &str| {
        let alice = home();
        alice.configure(&format!("[audio]\n{audio}\n{}", alice.usual("none;")));
        let messages = alice.start_and_stop();
        messages.lines().filter(|line| line.contains("WARNING")).map(str::to_owned).collect::<Vec<_>>()
    };
    for (audio, which) in [
        ("input = \"device:nosuch\"", "audio.input: "),
        ("output = \"device:nosuch\"", "audio.output: "),
        ("output = \"file:/nonexistent/x.wav\"", "audio.output: "),
        ("ring = \"device:nosuch\"", "audio.ring: "),
    ] {
        let warnings = told(audio);
        assert!(warnings.len() == 1 && warnings[0].contains(which), "{warnings:?}");
    }
    assert_eq!(told("input = \"tone:440\""), Vec::<String>::new());
    let alice = home();
    alice.configure(&format!("[audio]\nring = \"device:nosuch\"\n{}", alice.usual("none;")));
    let listed = finish(&mut alice.command(&["devices", "list"])).stdout;
    assert!(listed.contains("device:nosuch when somebody calls, which is none of these"), "{listed}");
    let doctor = alice.run(&["doctor"]).expect(1).json();
    let check = doctor["checks"].as_array().unwrap().iter().find(|check| check["name"] == "audio-ring");
    assert_eq!(check.unwrap()["status"], "fail");
}

#[test]
fn what_is_not_there_or_means_nothing_is_refused_with_what_to_do() {
    let mut alice = home();
    alice.start();
    let failed = alice.run(&["devices", "use", "--output", "nobody's"]);
    let next = refused(failed, 1, "no-such-device")["next"].clone();
    assert!(next.as_str().unwrap().contains("sottovoce devices list"), "{next}");
    for gain in ["21", "200", "abc", "6,5"] {
        let failed = finish(&mut alice.command(&["devices", "gain", "--input", gain]));
        assert!(failed.code == 2 && failed.stderr.contains("whole decibels from -40 to 20, as 6 or -3"), "{failed:?}");
    }
    let failed = refused(alice.run(&["devices", "use", "--output", "pipe:ear"]), 2, "no-device-name");
    assert!(failed["next"].as_str().unwrap().contains("[audio] of the configuration"), "{failed}");
    refused(alice.run(&["devices", "use", "--input", "a\nb"]), 2, "no-device-name");
    refused(alice.run(&["devices", "test"]), 2, "no-devices");
    alice.run(&["devices", "use"]).expect(2);
    alice.run(&["devices", "gain", "--output", "loud"]).expect(2);
    let listed = check(&alice.run(&["devices", "list"]).expect(0), "DevicesView");
    assert_eq!(listed["chosen"], false, "nothing of it was kept");
}
