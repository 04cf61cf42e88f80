use super::request::DoNotDisturbBody;
use super::view::{timestamp, AccountView, AskStateView, AskView, CallView, ReviewView, StatusView, StopView};
use super::Control;
use crate::agent::{AnswerMode, Command, Metric, WatchState};
use crate::app::config::StoreKind;
use crate::vocab::{escape, Failure};
use std::time::Duration;

impl Control {
    pub async fn status(&self) -> Result<StatusView, Failure> {
        let about = self.about.clone();
        let now = self.clock.now().wall;
        let missed = self.brain.unseen_calls().await.ok();
        self.look(move |known| {
            let asking = |ask: &AskView| ask.state == AskStateView::Asking;
            let on_disk = about.store == StoreKind::Sqlite;
            StatusView {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                entity: about.entity.to_string(),
                display_name: about.display_name.clone(),
                device: about.device.to_string(),
                fingerprint: about.fingerprint.to_string(),
                listen: about.listen.iter().map(|l| format!("{}:{}", l.transport, l.address)).collect(),
                control: about.control.map(|address| address.to_string()),
                store: about.store.name().to_owned(),
                data_dir: on_disk.then(|| escape(&about.data_dir.display().to_string())),
                answer: answer_name(about.answer).to_owned(),
                input: escape(&known.sound().source.to_string()),
                output: escape(&known.sound().sink.to_string()),
                accounts: known.accounts().into_iter().map(AccountView::from).collect(),
                environment: (&known.environment()).into(),
                place: known.own_presence().place.map(|place| place.to_string()),
                quiet_until: known.quiet_until(now).map(timestamp),
                do_not_disturb: known.do_not_disturb(now).map(timestamp),
                generation: known.spd().generation().0,
                calls: count(known.calls().into_iter().map(CallView::from), |call| !call.is_over()),
                calls_held: count(known.calls().into_iter().map(CallView::from), CallView::is_held),
                missed,
                asks: count(known.asks().into_iter().map(AskView::from), asking),
                reviews: count(known.reviews().into_iter().map(ReviewView::from), ReviewView::is_open),
                watches: count(known.watches().into_iter(), |watch| watch.device.is_none()),
                watches_waiting: count(known.watches().into_iter(), |watch| {
                    watch.device.is_none() && !matches!(watch.state, WatchState::Active { .. })
                }),
                keylog: about.keylog,
            }
        })
        .await
    }

    /// Nothing rings and no prompt is put for so many seconds, over a restart too; `None`: from now on as ever.
    pub async fn do_not_disturb(&self, body: &DoNotDisturbBody) -> Result<StatusView, Failure> {
        let now = self.clock.now().wall;
        let until = body.seconds.map(|seconds| now.saturating_add(Duration::from_secs(seconds)));
        self.change_store(Command::DoNotDisturb { until }).await?;
        self.status().await
    }

    /// Byes to every peer, then the end. Comes back at once; [`EventView::Stopped`](super::view::EventView) follows.
    pub fn stop(&self) -> StopView {
        let brain = self.brain.clone();
        tokio::spawn(async move { brain.stop().await });
        StopView { stopping: true }
    }

    /// Counters in Prometheus' text format, version 0.0.4.
    pub async fn metrics(&self) -> Result<String, Failure> {
        Ok(prometheus(&self.look(|known| known.metrics()).await?))
    }
}

/// One `# TYPE` line for each name, then its value, or one for each reason.
fn prometheus(metrics: &[Metric]) -> String {
    let mut text = String::new();
    let mut typed = "";
    for Metric { name, reason, value } in metrics {
        if *name != typed {
            text += &format!("# TYPE sottovoce_{name} counter\n");
            typed = name;
        }
        let label = reason.map(|reason| format!("{{reason=\"{reason}\"}}")).unwrap_or_default();
        text += &format!("sottovoce_{name}{label} {value}\n");
    }
    text
}

fn count<V>(views: impl Iterator<Item = V>, is: impl Fn(&V) -> bool) -> u64 {
    views.filter(|view| is(view)).count() as u64
}

fn answer_name(mode: AnswerMode) -> &'static str {
    match mode {
        AnswerMode::Auto => "auto",
        AnswerMode::Prompt => "prompt",
        AnswerMode::Reject => "reject",
    }
}
