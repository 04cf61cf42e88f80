//! This process: configuration, logging, wiring, and [`control`], the typed API that every user interface goes through.

pub mod config;
pub mod control;
mod echo;
pub mod logging;
pub mod password;
pub mod run;

pub use run::{start, start_with, Options, Running, Signals};
