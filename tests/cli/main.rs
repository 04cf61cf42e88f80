//! Every command as its users have it: a process, one JSON object on stdout, an exit code.

#[path = "../common/certificates.rs"]
mod certificates;
#[path = "../common/dns.rs"]
mod dns;
#[path = "../common/events.rs"]
mod events;
#[path = "../common/process.rs"]
mod process;
#[path = "../common/tone.rs"]
mod tone;

mod accounts;
mod answers;
mod call_waiting;
mod commands;
mod company;
mod contacts;
mod defaults;
mod devices;
mod digits;
mod door;
mod echo;
mod ends;
mod history;
mod holds;
mod ipv6;
mod locate;
mod negotiation;
mod policies;
mod prompt;
mod reach;
mod readme;
mod refusals;
mod running;
mod schema;
mod secure;
mod strangers;
mod terminal;
mod told;
mod transfers;
