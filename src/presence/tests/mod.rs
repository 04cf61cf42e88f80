//! Tests that look at the whole room through its public door.

mod sample;
