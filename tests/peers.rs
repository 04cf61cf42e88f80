//! Programs of others judge ours: tshark, scapy with cryptography, a small AH of its own, Kamailio, OpenSSL, opus-tools, baresip and linphone. One file a
//! peer, one program for all: linking takes longer than running. (sipp has `scenarios`.)

#[path = "common/baresip.rs"]
mod baresip;
#[path = "common/certificates.rs"]
mod certificates;
#[path = "common/events.rs"]
mod events;
#[path = "common/linphone.rs"]
mod linphone;
#[path = "common/process.rs"]
mod process;
#[path = "common/sound.rs"]
mod sound;
#[path = "common/space.rs"]
mod space;
#[path = "cli/terminal.rs"]
#[allow(dead_code)] // a part of it is used
mod terminal;
#[path = "common/tone.rs"]
mod tone;

mod peers_accounts;
mod peers_baresip;
mod peers_by_tcp;
mod peers_calls;
mod peers_comeback;
mod peers_guards;
mod peers_ipv6;
mod peers_kamailio;
mod peers_linphone;
mod peers_names;
mod peers_openssl;
mod peers_opus;
mod peers_packets;
mod peers_passwords;
mod peers_presence;
mod peers_proxy;
mod peers_python;
mod peers_registrar;
mod peers_transfers;
