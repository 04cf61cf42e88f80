//! Journeys of whole agents in a world without sockets or sleep: one scenario a file.

#[path = "../common/mod.rs"]
mod common;

mod accounts;
mod advice;
mod approvals;
mod ask;
mod both_move;
mod bundles;
mod calls;
mod contacts;
mod device;
mod early;
mod fail_over;
mod flows;
mod forked;
mod gateway;
mod holds;
mod limits;
mod loosen;
mod loss;
mod model_policy;
mod movement;
mod names;
mod negotiation;
mod negotiation_chaos;
mod negotiation_crash;
mod onward;
mod passwords;
mod permissions;
mod pinning;
mod policies;
mod proposed_before;
mod redirected;
mod rekey;
mod restart;
mod server;
mod silence;
mod telephone;
mod texts;
mod transfers;
mod watch;
mod watched_devices;
mod watcher_info;
mod watcher_info_bounds;
mod way_back;
