//! The README's transcript is what the program prints; its screen is compared in `src/ui/cli/screen`.

use crate::process::{finish, look_until, own_address, Home, Ran, PROGRAM};
use crate::terminal::Terminal;

/// The two code blocks of the section, as lines.
fn transcripts() -> [Vec<String>; 2] {
    let readme = include_str!("../../README.md");
    let section = readme.split("\n## ").find(|section| section.starts_with("A review\n")).unwrap();
    let mut blocks = section.split("```text\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let mut lines = || blocks.next().unwrap().lines().map(str::to_owned).collect();
    [lines(), lines()]
}

/// Alice in the office, and Bob outside, who asks for no protection; a line of the README with its addresses taken for theirs.
fn pair() -> (Home, Home, impl Fn(&str) -> String) {
    let (mut alice, mut bob) = (Home::new("alice", "ipsec esp/transport//require"), Home::new("bob", "none"));
    let outside = format!("[[place]]\nname = \"external\"\nscope = \"public\"\nnetworks = [\"{}/32\"]\n", bob.address);
    bob.configure(&(bob.usual("none;") + &outside));
    alice.start();
    bob.start();
    let (ours, theirs) = (alice.address.to_string(), bob.address.to_string());
    let here = move |line: &str| line.replace("192.168.1.1", &ours).replace("133.134.10.10", &theirs);
    (alice, bob, here)
}

/// Every line of `expected` is one of `shown`, in this order.
#[track_caller]
fn in_order(shown: &str, expected: &[String]) {
    let mut lines = shown.lines().map(str::trim_end);
    for line in expected {
        assert!(lines.any(|shown| shown == line), "{line:?} is not shown, or not there: {shown}");
    }
}

#[test]
fn the_review_is_asked_and_answered_as_in_the_readme() {
    let (alice, bob, here) = pair();
    let [block, _] = transcripts();
    let lines: Vec<String> = block.iter().map(|line| here(line)).collect();
    let title = lines.iter().position(|line| line.starts_with("═══ ")).unwrap();
    let keys = lines.iter().position(|line| line.starts_with("[a]")).unwrap();
    assert_eq!(lines[0], format!("$ sottovoce ask {}", bob.address));
    let mut terminal = Terminal::start(&alice, 120, "", &["ask", &bob.address.to_string()]);
    let mut shown = terminal.wait_for("[l]ater: ");
    terminal.type_in("t");
    shown += &terminal.wait_for("(empty goes back): ");
    terminal.type_in("3\n");
    let (code, rest, _) = terminal.end();
    assert_eq!(code, 0, "{rest}");
    // The key may come before the terminal stops to echo, and then stands behind the question.
    let shown = (shown + &rest).replace("[l]ater: t", "[l]ater: ");
    in_order(&shown, &[&lines[1..=title], &lines[keys..]].concat());
}

#[test]
fn the_call_goes_as_in_the_readme() {
    let (alice, bob, here) = pair();
    let [_, block] = transcripts();
    let speech = alice.path("speech.wav");
    let spec =
        hound::WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(&speech, spec).unwrap();
    (0..8000).for_each(|at| writer.write_sample((8000.0 * (f64::from(at) * 0.35).sin()) as i16).unwrap());
    writer.finalize().unwrap();
    let rules = "ipsec esp/transport//require ah/transport//require";
    let asked: Ran = alice.run(&["ask", &bob.address.to_string(), "--approve", rules]);
    asked.expect(0);
    let (heard, address) = (alice.path("heard.wav"), bob.address.to_string());
    let files = ["--play", speech.to_str().unwrap(), "--record", heard.to_str().unwrap()];
    let terminal = Terminal::start(&alice, 120, "", &[&["call", &address][..], &files].concat());
    let (code, shown, _) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    let lines: Vec<String> = block[1..].iter().map(|line| counted(&here(line))).collect();
    in_order(&shown.lines().map(counted).collect::<Vec<_>>().join("\n"), &lines);
}

#[test]
fn two_agents_run_on_one_machine_as_in_the_readme() {
    let readme = include_str!("../../README.md");
    let block = readme.split("Or two on one machine").nth(1).unwrap().split("```sh\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let (home, addresses) = (Home::new("alice", "none"), [own_address(), own_address()]);
    let here = block.replace("127.0.0.1", &addresses[0].to_string()).replace("127.0.0.2", &addresses[1].to_string());
    let dir = home.path("");
    let shell = |line: &str| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &line.replace("sottovoce ", &format!("exec {PROGRAM} "))]).current_dir(&dir);
        command.stdin(std::process::Stdio::null()).env_remove("SOTTOVOCE_KEYLOG").env_remove("RUST_LOG");
        command
    };
    let mut running = Vec::new();
    for line in here.lines() {
        match line.split_once(" run ") {
            None => drop(finish(&mut shell(line)).expect(0)),
            Some((agent, _)) => {
                let quiet = std::process::Stdio::null;
                let agent_runs = shell(line).stdout(quiet()).stderr(quiet()).spawn().unwrap();
                running.push((agent_runs, agent.to_owned()));
                look_until(|| (finish(&mut shell(&format!("{agent} status"))).code == 0).then_some(()));
            }
        }
    }
    assert_eq!(running.len(), 2);
    for (mut agent, name) in running {
        finish(&mut shell(&format!("{name} stop"))).expect(0);
        assert!(agent.wait().unwrap().success());
    }
}

/// With every number of packets and milliseconds taken out.
fn counted(line: &str) -> String {
    let number = |word: &str| word.starts_with(|first: char| first.is_ascii_digit()) && word.parse::<f64>().is_ok();
    line.split(' ').map(|word| if number(word) { "N" } else { word }).collect::<Vec<_>>().join(" ")
}
