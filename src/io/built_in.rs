use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use crate::vocab::Failure;

/// A peer that runs in this process, from the first time that somebody looks for it.
pub trait BuiltIn: Send + Sync {
    /// Where it listens, by UDP and TCP. It is started when it does not run.
    fn find(&self) -> Pin<Box<dyn Future<Output = Result<SocketAddr, Failure>> + Send + '_>>;
}
