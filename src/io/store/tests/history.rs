use std::collections::BTreeMap;

use rusqlite::Connection;

use super::operations::{block, loaded};
use super::*;
use crate::agent::{CallRecord, CallResult};
use crate::media::Counters;
use crate::vocab::CallId;

pub fn call(number: u64, known: bool) -> CallRecord {
    CallRecord {
        call: CallId(number),
        peer: "bob".to_owned(),
        outgoing: false,
        known,
        started: Wall(1),
        answered: None,
        ended: Wall(2),
        result: CallResult::Missed,
        outcome: "ended".to_owned(),
        action: "none".to_owned(),
        bundle: "none".to_owned(),
        suite: None,
        counters: Counters {
            sent: 5,
            received: 6,
            dropped: BTreeMap::from([("replay", 2), ("policy", 1)]),
            ..Counters::default()
        },
    }
}

#[test]
fn calls_of_strangers_give_way_to_newer_ones_and_to_nothing_else() {
    let mut database = schema::open(None).unwrap();
    let (limit, more) = (history_rows::STRANGERS_CALLS_LIMIT as u64, history_rows::MORE as u64);
    let record = |number, known| StoreOp::RecordCall(Box::new(call(number, known)));
    let count =
        |database: &Connection, sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as u64;
    let strangers = "SELECT count(*) FROM call_history WHERE known = 0";
    ops::execute(&mut database, &record(1, true)).unwrap();
    for number in 2..limit + 3 * more {
        // Several together forget as one does.
        ops::execute_all(&mut database, &[record(number, false), record(number, number % 7 == 0)]);
        assert!(count(&database, strangers) < limit + more);
    }
    assert!(count(&database, strangers) >= limit);
    let oldest = count(&database, "SELECT min(call) FROM call_history WHERE known = 0");
    assert!(oldest > limit / 3, "the oldest are gone: {oldest}");
    let known = (2..limit + 3 * more).filter(|number| number % 7 == 0).count() as u64 + 1;
    assert_eq!(count(&database, "SELECT count(*) FROM call_history WHERE known = 1"), known);
    let all = count(&database, "SELECT count(*) FROM call_history");
    assert_eq!(count(&database, "SELECT count(*) FROM call_dropped"), 2 * all, "and what they dropped with them");
}

#[test]
fn calls_are_kept_with_what_they_dropped() {
    let store = in_memory();
    run(&store, StoreOp::RecordCall(Box::new(call(4, true)))).unwrap();
    let history = block(store.history(10, HistoryFilter::default())).unwrap();
    assert_eq!((history[0].call, history[0].sent, history[0].received), (CallId(4), 5, 6));
    assert_eq!(history[0].dropped, BTreeMap::from([("policy".to_owned(), 1), ("replay".to_owned(), 2)]));
    assert_eq!(loaded(&store).last_call, 4);
}

#[test]
fn of_all_calls_the_newest_stay() {
    let mut database = schema::open(None).unwrap();
    let last = history_rows::CALLS_LIMIT as u64 + 3 * history_rows::MORE as u64;
    let ops: Vec<StoreOp> = (1..=last).map(|number| StoreOp::RecordCall(Box::new(call(number, true)))).collect();
    ops.chunks(50).for_each(|some| drop(ops::execute_all(&mut database, some)));
    let number = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let left = number("SELECT count(*) FROM call_history");
    assert!((history_rows::CALLS_LIMIT..history_rows::CALLS_LIMIT + history_rows::MORE).contains(&left), "{left}");
    assert_eq!(number("SELECT max(call) FROM call_history"), last as i64);
    assert_eq!(number("SELECT count(*) FROM call_dropped"), 2 * left);
}

/// A call that was answered takes two numbers, of which the second is always odd, or always even.
#[test]
fn of_calls_that_were_answered_the_newest_stay_too() {
    for first in [0, 1] {
        let mut database = schema::open(None).unwrap();
        let unanswered = (0..first).map(|number| StoreOp::RecordCall(Box::new(call(number, false))));
        unanswered.for_each(|op| drop(ops::execute(&mut database, &op).unwrap()));
        let last = history_rows::STRANGERS_CALLS_LIMIT as u64 + 3 * history_rows::MORE as u64;
        for number in 10..10 + last {
            for op in
                [StoreOp::BeginCall(Box::new(call(number, false))), StoreOp::RecordCall(Box::new(call(number, false)))]
            {
                ops::execute(&mut database, &op).unwrap();
            }
        }
        let left = "SELECT count(*) FROM call_history";
        let left: i64 = database.query_row(left, [], |row| row.get(0)).unwrap();
        assert!(left < history_rows::STRANGERS_CALLS_LIMIT + history_rows::MORE, "{first}: {left}");
    }
}

#[test]
fn calls_are_found_seen_and_forgotten_by_what_they_are() {
    let store = in_memory();
    for (number, peer, outgoing, result) in [
        (1, "sip:Bob@h", true, CallResult::Answered),
        (2, "sip:bob@h", false, CallResult::Missed),
        (3, "sip:carol@h", false, CallResult::Missed),
        (4, "sip:carol@h", true, CallResult::Unanswered),
    ] {
        let started = Wall(number * 1000);
        let answered = (number == 1).then_some(Wall(1500));
        let record = CallRecord { peer: peer.into(), outgoing, result, started, answered, ..call(number, true) };
        run(&store, StoreOp::RecordCall(Box::new(record))).unwrap();
    }
    let found = |filter: HistoryFilter| {
        block(store.history(10, filter)).unwrap().iter().map(|row| row.call.0).collect::<Vec<_>>()
    };
    let all = HistoryFilter::default;
    let missed = || HistoryFilter { result: Some(CallResult::Missed), ..all() };
    assert_eq!(found(all()), [4, 3, 2, 1]);
    assert_eq!(found(HistoryFilter { peer: Some("BOB@".into()), ..all() }), [2, 1]);
    assert_eq!(found(HistoryFilter { peer: Some("%".into()), ..all() }), [0; 0], "no pattern");
    assert_eq!(found(HistoryFilter { outgoing: Some(false), ..all() }), [3, 2]);
    assert_eq!(found(missed()), [3, 2]);
    assert_eq!(found(HistoryFilter { since: Some(Wall(3000)), ..all() }), [4, 3]);
    assert_eq!(found(HistoryFilter { before: Some(3), ..missed() }), [2]);
    let first = block(store.history(10, all())).unwrap().pop().unwrap();
    assert_eq!((first.answered, first.result, first.seen), (Some(Wall(1500)), CallResult::Answered, true));
    assert_eq!(block(store.unseen_calls()).unwrap(), 2);
    block(store.see_calls(2)).unwrap();
    assert_eq!(block(store.unseen_calls()).unwrap(), 1);
    assert_eq!(block(store.forget_calls(missed())).unwrap(), 2);
    assert_eq!((found(all()), block(store.unseen_calls()).unwrap()), (vec![4, 1], 0));
    assert_eq!(block(store.forget_calls(all())).unwrap(), 2);
    assert_eq!(found(all()), [0; 0]);
}

/// Its row takes the place of the one without an end; where none came, the agent was killed.
#[test]
fn a_call_that_was_begun_and_not_ended_is_told_of_after_the_next_start() {
    let store = in_memory();
    let all = || block(store.history(9, HistoryFilter::default())).unwrap();
    let begun = |number| CallRecord { answered: Some(Wall(7)), result: CallResult::Answered, ..call(number, true) };
    for number in [4, 5] {
        run(&store, StoreOp::BeginCall(Box::new(begun(number)))).unwrap();
    }
    assert_eq!(all(), [], "they run");
    run(&store, StoreOp::RecordCall(Box::new(call(4, true)))).unwrap();
    assert_eq!(all().len(), 1);
    assert_eq!(loaded(&store).last_call, 5, "its number is not given again");
    let [ended, killed] = &all()[..] else { panic!("{:?}", all()) };
    assert_eq!((ended.call, ended.ended, ended.outcome.as_str()), (CallId(4), Wall(2), "ended"));
    assert_eq!((killed.call, killed.answered, killed.ended), (CallId(5), Some(Wall(7)), Wall(7)));
    assert!(killed.outcome.contains("the agent was killed") && killed.result == CallResult::Answered, "{killed:?}");
}
