//! The typed door through which every user interface goes: what may be asked ([`request`]) and what is shown ([`view`]).

pub mod request;
pub mod view;
