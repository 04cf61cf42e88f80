//! User interfaces. They know [`app::control`](crate::app::control) and [`vocab`](crate::vocab), nothing else.

pub mod cli;
pub mod http;
