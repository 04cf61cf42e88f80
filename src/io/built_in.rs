use std::future::Future;
use std::pin::Pin;

use crate::agent::{BuiltInPeer, Listen};
use crate::vocab::Failure;

/// A peer that runs in this process, from the first time that somebody looks for it.
pub trait BuiltIn: Send + Sync {
    /// It is started when it does not run.
    fn find(&self) -> Pin<Box<dyn Future<Output = Result<BuiltInPeer, Failure>> + Send + '_>>;

    /// Its owner listens there, and sends from there: it hears nobody else.
    fn hear(&self, owner: &[Listen]);
}
