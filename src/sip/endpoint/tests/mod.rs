//! One scenario a file, the ladder drawn above the test.

mod ask;
mod call;
mod expires;
mod flooded;
mod lossy;
mod message;
mod prack;
mod proven;
mod publish;
mod redirected;
mod refused;
mod register;
mod silent;
mod timer;
mod tls;
mod wire;
