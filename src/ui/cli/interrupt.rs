use std::future::Future;
use std::io::IsTerminal;
use std::sync::OnceLock;

use tokio::signal::unix::{signal, Signal, SignalKind};
use tokio::sync::watch;

/// Whether it has come. From the first question on it is listened for without a gap: one that comes while nobody waits
/// for it ends whoever waits next.
static CAME: OnceLock<watch::Receiver<bool>> = OnceLock::new();

/// Ctrl-C, a polite kill, or the end of the terminal at which this command was typed. It is listened for from the call on:
/// make the future before saying that one may leave.
pub fn interrupted() -> impl Future<Output = ()> {
    let mut came = CAME.get_or_init(listen).clone();
    async move {
        let came = came.wait_for(|came| *came).await.is_ok();
        if !came {
            std::future::pending().await
        }
    }
}

fn listen() -> watch::Receiver<bool> {
    let (tell, told) = watch::channel(false);
    let heard = |kind| signal(kind).ok();
    let (interrupt, terminate) = (heard(SignalKind::interrupt()), heard(SignalKind::terminate()));
    // Who starts this with nohup wants to hear nothing of hangups, and has taken the terminal away.
    let hangup = std::io::stdin().is_terminal().then(|| heard(SignalKind::hangup())).flatten();
    tokio::spawn(async move {
        tokio::select! {
            () = next(interrupt) => super::output::end_interrupted_line(),
            () = next(terminate) => {}
            () = next(hangup) => {}
        }
        let _ = tell.send(true);
        tell.closed().await;
    });
    told
}

async fn next(signals: Option<Signal>) {
    match signals {
        Some(mut signals) => drop(signals.recv().await),
        None => std::future::pending().await,
    }
}
