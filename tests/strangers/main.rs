//! Programs of others judge ours: tshark, scapy with cryptography, a small AH of its own, Kamailio and OpenSSL.

#[path = "../common/certificates.rs"]
mod certificates;
#[path = "../common/process.rs"]
mod process;
#[path = "../cli/terminal.rs"]
#[allow(dead_code)] // a part of it is used
mod terminal;

mod calls;
mod kamailio;
mod openssl;
mod packets;
mod python;
