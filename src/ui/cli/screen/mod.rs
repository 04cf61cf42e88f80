//! What a person sees: pages of text, made of views. Pure: the width comes in, lines go out.

mod columns;
mod page;
pub mod policy;
pub mod presence;
pub mod review;
pub mod table;
pub mod telephone;
#[cfg(test)]
mod tests;

pub use columns::{beside, fill, wrap};
pub use page::Page;
