//! Programs of others judge ours: tshark, scapy with cryptography, a small AH of its own, and Kamailio.

#[path = "../common/process.rs"]
mod process;

mod calls;
mod kamailio;
mod packets;
mod python;
