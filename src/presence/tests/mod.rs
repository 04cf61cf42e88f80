//! Tests that look at the whole room through its public door.

mod checks;
mod malformed;
mod properties;
pub mod sample;
mod schema;
mod vector;
