//! Programs of others judge ours: tshark, scapy with cryptography, a small AH of its own, Kamailio and OpenSSL.

#[path = "../common/certificates.rs"]
mod certificates;
#[path = "../common/process.rs"]
mod process;

mod calls;
mod kamailio;
mod openssl;
mod packets;
mod python;
