//! sottovoce: a secure SIP telephone (fifteen-minute page to come).

pub mod agent;
pub mod app;
pub mod io;
pub mod ipsec;
pub mod keys;
pub mod media;
pub mod policy;
pub mod presence;
pub mod sdp;
pub mod sip;
pub mod ui;
pub mod vocab;
