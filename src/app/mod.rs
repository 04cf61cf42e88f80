//! This process: configuration, logging, wiring, and [`control`], the typed API that every user interface goes through.

pub mod control;
