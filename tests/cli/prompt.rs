//! The prompt below a review, by key presses at a real terminal.

use crate::process::{own_address, Home};
use crate::schema::check;
use crate::terminal::{Terminal, CTRL_C, CTRL_D, TAB};

const ESP: &str = "ipsec esp/transport//require";
const KEYS: &str = "[l]ater: ";
/// Below the review that a call needs.
const CALL_KEYS: &str = "[l]eave the call: ";
const NARROW_KEYS: &str = "[Tab] other page: ";

/// Alice's agent and Bob's, whose default is `action`.
fn pair(action: &str) -> (Home, Home) {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", action));
    alice.start();
    bob.start();
    (alice, bob)
}

/// Alice asks Bob at a wide terminal; the question stands there.
fn asking(alice: &Home, bob: &Home) -> Terminal {
    let mut terminal = Terminal::start(alice, 120, "", &["ask", &bob.entity()]);
    terminal.wait_for(KEYS);
    terminal
}

/// What is registered for Bob's packets, out and in.
fn registered(alice: &Home, bob: &Home) -> Vec<String> {
    let policy = check(&alice.run(&["policy", "list"]).expect(0), "PolicyView");
    let entries = policy["entries"].as_array().unwrap().clone();
    let his = entries.iter().filter(|entry| entry["entity"] == bob.entity());
    his.map(|entry| entry["setkey"].as_str().unwrap().split(" # ").next().unwrap().to_owned()).collect()
}

#[track_caller]
fn ends(terminal: Terminal, code: i32, text: &str) -> String {
    let (found, shown, cooked) = terminal.end();
    assert!(found == code && cooked && shown.contains(text), "{found}, cooked: {cooked}: {shown}");
    shown
}

/// A message of the program stands on a line of its own.
#[track_caller]
fn on_its_own_line(shown: &str, text: &str) {
    assert!(shown.lines().any(|line| line.starts_with(text)), "{text:?} begins no line: {shown:?}");
}

#[test]
fn tab_switches_the_page_on_a_narrow_terminal() {
    let (alice, bob) = pair("none");
    let mut terminal = Terminal::start(&alice, 80, "", &["ask", &bob.entity()]);
    let pages = ["── Presence: ", "── Who says it ", "── Policy: packets from you"];
    let shown = |terminal: &mut Terminal| {
        let screen = terminal.wait_for(NARROW_KEYS);
        assert!(screen.contains("── Advice") && screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
        pages.map(|page| screen.contains(page))
    };
    assert_eq!(shown(&mut terminal), [true, true, true]);
    for expected in [[true, true, false], [false, false, true], [true, true, true]] {
        terminal.type_in(TAB);
        assert_eq!(shown(&mut terminal), expected);
    }
    terminal.type_in("r");
    ends(terminal, 3, "refused; nothing was registered");
    assert_eq!(registered(&alice, &bob), [""; 0]);
}

#[test]
fn a_key_that_means_nothing_is_told_once_and_a_approves() {
    let (alice, bob) = pair("none");
    let mut terminal = asking(&alice, &bob);
    terminal.type_in("x");
    terminal.wait_for("\nkeys: a, t, e, r, l, Tab: ");
    // A word that holds an `a` is no approval.
    terminal.type_in("zany\n");
    terminal.wait_for("\u{7}");
    assert_eq!(registered(&alice, &bob), [""; 0]);
    terminal.type_in("a");
    let shown = ends(terminal, 0, "\nregistered, both directions, as generation 1");
    assert!(!shown.contains("keys:"), "{shown}");
    let (from, to) = (alice.address, bob.address);
    assert_eq!(
        registered(&alice, &bob),
        [
            format!("spdadd {from}/32[any] {to}/32[any] udp -P out none;"),
            format!("spdadd {to}/32[any] {from}/32[any] udp -P in none;")
        ]
    );
}

#[test]
fn t_tightens_to_one_of_three_or_to_rules_of_ones_own() {
    let (alice, bob) = pair("none");
    let mut terminal = asking(&alice, &bob);
    terminal.type_in("t");
    terminal.wait_for("\n  3  ipsec esp/transport//require ah/transport//require\n");
    terminal.wait_for("(empty goes back): ");
    terminal.type_in("\n");
    terminal.wait_for(KEYS);
    terminal.type_in("t");
    terminal.wait_for("(empty goes back): ");
    terminal.type_in("ipsec rot13/transport//use\n");
    terminal.wait_for("\nsottovoce: ");
    terminal.wait_for("(empty goes back): ");
    terminal.type_in("7\n");
    terminal.wait_for("\nthere are three: ");
    terminal.wait_for("(empty goes back): ");
    terminal.type_in("3\n");
    ends(terminal, 0, "\nregistered, both directions, as generation 1");
    let rules = "ipsec esp/transport//require ah/transport//require;";
    assert!(registered(&alice, &bob).iter().all(|entry| entry.ends_with(rules)), "{:?}", registered(&alice, &bob));
}

#[test]
fn e_edits_any_field_and_what_is_looser_is_put_again() {
    let (alice, bob) = pair(ESP);
    let mut terminal = asking(&alice, &bob);
    let edit = |terminal: &mut Terminal, lines: &[&str]| {
        terminal.type_in("e");
        for line in lines {
            terminal.wait_for("empty goes back: ");
            terminal.type_in(&format!("{line}\n"));
        }
    };
    edit(&mut terminal, &["esp = -", "ok"]);
    // What is typed next is still an edit: not one letter of it is taken for a key.
    let refused = terminal.wait_for("any other key goes back: ");
    terminal.type_in("n");
    let kept = refused + &terminal.wait_for("empty goes back: ");
    assert!(kept.contains("you said none, the peer asks ipsec esp/transport//require"), "{kept}");
    terminal.type_in("action = none\n");
    terminal.wait_for("empty goes back: ");
    assert_eq!(registered(&alice, &bob), [""; 0]);
    assert!(kept.lines().any(|line| line.split_whitespace().eq(["esp", "-", "-"])), "{kept}");
    terminal.type_in("suites = foo\n");
    terminal.wait_for("\nsuites is one or more of chacha20-poly1305,aes-256-gcm,aes-128-gcm,");
    terminal.wait_for("empty goes back: ");
    terminal.type_in("colour = red\n");
    terminal.wait_for("\nthe fields are source, source-ports,");
    terminal.wait_for("empty goes back: ");
    terminal.type_in("\n");
    terminal.wait_for(KEYS);
    edit(&mut terminal, &["ah = require", "in protocol = any", "ok"]);
    ends(terminal, 0, "registered, both directions");
    let (from, to) = (alice.address, bob.address);
    let rules = "ipsec esp/transport//require ah/transport//require;";
    assert_eq!(
        registered(&alice, &bob),
        [
            format!("spdadd {from}/32[any] {to}/32[any] udp -P out {rules}"),
            format!("spdadd {to}/32[any] {from}/32[any] any -P in {rules}")
        ]
    );
}

#[test]
fn an_edit_of_one_end_is_mirrored_in_the_other_direction() {
    let (alice, bob) = pair("none");
    let mut terminal = asking(&alice, &bob);
    terminal.type_in("e");
    for line in ["source-ports = 5000-5999", "in destination-ports = 5000-5001", "esp = use"] {
        terminal.wait_for("empty goes back: ");
        terminal.type_in(&format!("{line}\n"));
    }
    let table = terminal.wait_for("empty goes back: ");
    assert!(table.lines().any(|line| line.split_whitespace().eq(["esp", "use", "use"])), "{table}");
    terminal.type_in("ok\n");
    ends(terminal, 0, "registered, both directions");
    let (from, to, rules) = (alice.address, bob.address, "ipsec esp/transport//use;");
    assert_eq!(
        registered(&alice, &bob),
        [
            format!("spdadd {from}/32[5000-5999] {to}/32[any] udp -P out {rules}"),
            format!("spdadd {to}/32[any] {from}/32[5000-5001] udp -P in {rules}")
        ]
    );
}

#[test]
fn l_leaves_the_review_for_later_and_it_can_be_answered_at_another_terminal() {
    let (alice, bob) = pair("none");
    let mut terminal = asking(&alice, &bob);
    terminal.type_in("l");
    let shown = ends(terminal, 4, "waits for an answer");
    on_its_own_line(&shown, "sottovoce: review r1");
    let mut terminal = Terminal::start(&alice, 120, "", &["review", "answer", "r1"]);
    terminal.wait_for(KEYS);
    terminal.type_in("a");
    ends(terminal, 0, "registered, both directions");
}

/// At the keys the terminal is raw and Ctrl-C is a key; at a line it is a signal.
#[test]
fn ctrl_c_leaves_every_question_and_the_terminal_as_it_was() {
    let (alice, bob) = pair("none");
    for before in ["", "t", "e"] {
        let mut terminal = asking(&alice, &bob);
        terminal.type_in(before);
        if !before.is_empty() {
            terminal.wait_for("empty goes back");
            terminal.wait_for(": ");
        }
        terminal.type_in(CTRL_C);
        let shown = ends(terminal, 4, "waits for an answer");
        on_its_own_line(&shown, "sottovoce: review r");
    }
    assert_eq!(registered(&alice, &bob), [""; 0]);
}

#[test]
#[allow(clippy::disallowed_methods)] // a real socket, around the program and not in it
fn ctrl_c_while_the_peer_is_waited_for_ends_the_line() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    let silent = std::net::UdpSocket::bind((own_address(), 0)).unwrap();
    let peer = silent.local_addr().unwrap().to_string();
    let mut terminal = Terminal::start(&alice, 120, "", &["ask", &peer]);
    terminal.wait_for("waiting for the answer");
    terminal.type_in(CTRL_C);
    on_its_own_line(&ends(terminal, 3, "was cancelled"), "sottovoce: ask a1 was cancelled");
}

#[test]
fn a_kill_the_end_of_input_and_a_closed_window_leave_the_review_waiting() {
    let (alice, bob) = pair("none");
    let terminal = asking(&alice, &bob);
    terminal.signal(libc::SIGTERM);
    on_its_own_line(&ends(terminal, 4, "waits for an answer"), "sottovoce: review r1");
    for before in ["", "t"] {
        let mut terminal = asking(&alice, &bob);
        terminal.type_in(before);
        if !before.is_empty() {
            terminal.wait_for("(empty goes back): ");
        }
        terminal.type_in(CTRL_D);
        on_its_own_line(&ends(terminal, 4, "waits for an answer"), "sottovoce: review r");
    }
    assert_eq!(asking(&alice, &bob).hang_up(), 4);
    let reviews = check(&alice.run(&["review", "list"]).expect(0), "ReviewList");
    let states: Vec<&str> = reviews["reviews"].as_array().unwrap().iter().filter_map(|r| r["state"].as_str()).collect();
    assert_eq!(states, ["stale", "stale", "stale", "pending"], "the newest takes the place of the others");
}

/// Or a Ctrl-D that comes with the question would end a line that nobody reads, and be lost.
#[test]
fn keys_are_read_one_by_one_as_soon_as_they_are_shown() {
    let (alice, bob) = pair("none");
    for _ in 0..10 {
        let mut terminal = Terminal::start(&alice, 120, "", &["ask", &bob.entity()]);
        // The beginning of the line.
        terminal.wait_for("[a]");
        assert!(terminal.is_raw());
        terminal.type_in(CTRL_D);
        ends(terminal, 4, "waits for an answer");
    }
}

/// Typed while the peer was still asked, it cannot have been meant for this question.
#[test]
fn a_key_that_was_pressed_before_the_review_was_shown_does_not_answer_it() {
    let (alice, bob) = pair("none");
    let mut terminal = Terminal::start(&alice, 120, "a", &["ask", &bob.entity()]);
    terminal.wait_for(KEYS);
    terminal.type_in("r");
    ends(terminal, 3, "refused; nothing was registered");
}

#[test]
fn a_call_that_is_left_at_its_review_is_given_up_and_says_so() {
    let (alice, bob) = pair("none");
    for key in ["l", CTRL_C] {
        let mut terminal = Terminal::start(&alice, 120, "", &["call", &bob.entity()]);
        terminal.wait_for(CALL_KEYS);
        terminal.type_in(key);
        let shown = ends(terminal, 3, "hanging up ...");
        on_its_own_line(&shown, "hanging up ...");
        on_its_own_line(&shown, "sottovoce: call c");
        assert!(!shown.contains("review answer"), "its review has ended with it: {shown}");
    }
    let reviews = check(&alice.run(&["review", "list"]).expect(0), "ReviewList");
    assert!(reviews["reviews"].as_array().unwrap().iter().all(|review| review["state"] == "refused"), "{reviews}");
}

#[test]
fn a_call_that_was_refused_is_mended_by_one_key() {
    let (alice, bob) = pair("none");
    check(&alice.run(&["ask", &bob.entity(), "--approve"]).expect(0), "AskView");
    check(&bob.run(&["policy", "default", ESP]).expect(0), "RegisteredView");
    let mut terminal = Terminal::start(&alice, 120, "", &["call", &bob.entity(), "--duration", "0.3"]);
    let shown = terminal.wait_for("[t]ighten to what is missing");
    assert!(shown.contains(" missing             esp/transport//require\n"), "{shown}");
    terminal.wait_for(CALL_KEYS);
    terminal.type_in("t");
    ends(terminal, 0, "talking, protected by esp+tfc ");
}

/// Two may look at one review; who was slower is not asked on.
#[test]
fn a_question_ends_when_another_process_answers_it() {
    let (alice, bob) = pair("none");
    for (answer, code, text) in
        [("--refuse", 3, "refused; nothing was registered"), ("--approve", 0, "as generation 1")]
    {
        let terminal = asking(&alice, &bob);
        let reviews = check(&alice.run(&["review", "list"]).expect(0), "ReviewList");
        let pending =
            reviews["reviews"].as_array().unwrap().iter().find(|review| review["state"] == "pending").unwrap();
        alice.run(&["review", "answer", pending["id"].as_str().unwrap(), answer]).expect(0);
        let shown = ends(terminal, code, text);
        on_its_own_line(&shown, "review r");
    }
}

#[test]
fn a_question_ends_while_a_line_of_it_is_edited() {
    let (alice, bob) = pair("none");
    let mut terminal = asking(&alice, &bob);
    terminal.type_in("e");
    terminal.wait_for("empty goes back: ");
    terminal.type_in("esp = requ");
    alice.run(&["review", "answer", "r1", "--refuse"]).expect(0);
    ends(terminal, 3, "refused; nothing was registered");
}

/// Pasted at once, the rules come with the key that asks for them.
#[test]
fn what_is_typed_with_a_key_answers_nothing() {
    let (alice, bob) = pair("none");
    let mut terminal = asking(&alice, &bob);
    terminal.type_in("tdiscard\n");
    terminal.wait_for("(empty goes back): ");
    terminal.type_in("\n");
    terminal.wait_for(KEYS);
    terminal.type_in("l");
    ends(terminal, 4, "waits for an answer");
    assert_eq!(registered(&alice, &bob), [""; 0]);
}

/// A line that follows a refused one is no row of keys: there is an `a` in `discard`.
#[test]
fn rules_that_were_mistyped_are_typed_again_and_approve_nothing() {
    let (alice, bob) = pair("none");
    let mut terminal = asking(&alice, &bob);
    terminal.type_in("t");
    terminal.wait_for("(empty goes back): ");
    terminal.type_in("discrad\n");
    terminal.wait_for("found \"discrad\"");
    terminal.wait_for("(empty goes back): ");
    terminal.type_in("discard\n");
    ends(terminal, 0, "as generation 1");
    assert!(registered(&alice, &bob).iter().all(|entry| entry.ends_with("discard;")), "{:?}", registered(&alice, &bob));
}

/// The first question ended elsewhere; the second one is the user's from its first key on.
#[test]
fn a_call_asks_again_after_a_question_that_ended_elsewhere() {
    for edits in [false, true] {
        let (alice, bob) = pair("none");
        let mut terminal = Terminal::start(&alice, 120, "", &["call", &bob.entity()]);
        terminal.wait_for(CALL_KEYS);
        if edits {
            terminal.type_in("e");
            terminal.wait_for("empty goes back: ");
        }
        check(&bob.run(&["policy", "default", ESP]).expect(0), "RegisteredView");
        alice.run(&["review", "answer", "r1", "--approve"]).expect(0);
        terminal.wait_for("Review r2");
        terminal.wait_for(CALL_KEYS);
        terminal.type_in("r");
        ends(terminal, 3, "");
        assert!(registered(&alice, &bob).iter().all(|entry| entry.ends_with("none;")));
    }
}

/// Entries that change while a review stands: what takes its place is asked next, and the call is still the user's.
#[test]
fn a_call_asks_again_when_its_review_was_overtaken() {
    let (alice, bob) = pair(ESP);
    let mut terminal = Terminal::start(&alice, 120, "", &["call", &bob.entity(), "--duration", "0.3"]);
    terminal.wait_for(CALL_KEYS);
    let discard = "spdadd any any udp -P out discard; # sv: priority=10";
    let added = check(&alice.run(&["policy", "add", discard]).expect(0), "RegisteredView");
    terminal.type_in("a");
    terminal.wait_for("review r2 takes its place");
    terminal.wait_for(CALL_KEYS);
    alice.run(&["policy", "remove", added["added"][0].as_str().unwrap()]).expect(0);
    terminal.type_in("a");
    terminal.wait_for("review r3 takes its place");
    terminal.wait_for(CALL_KEYS);
    terminal.type_in("a");
    terminal.wait_for("protected by esp+tfc");
    ends(terminal, 0, "ended");
}
