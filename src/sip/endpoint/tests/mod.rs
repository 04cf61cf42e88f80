//! One scenario a file, the ladder drawn above the test.

mod ask;
mod call;
mod elsewhere;
mod expires;
mod flooded;
mod flows;
mod lossy;
mod message;
mod names;
mod offer;
mod prack;
mod proven;
mod publish;
mod redirected;
mod refer;
mod refused;
mod register;
mod replaces;
mod silent;
mod spread;
mod timer;
mod tls;
mod update;
mod wire;
