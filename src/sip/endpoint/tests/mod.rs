//! One scenario a file, the ladder drawn above the test.

mod ask;
mod call;
mod flooded;
mod flows;
mod lossy;
mod message;
mod proven;
mod publish;
mod refer;
mod refused;
mod register;
mod replaces;
mod silent;
mod timer;
mod tls;
mod wire;
