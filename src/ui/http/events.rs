use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::Stream;

use crate::app::control::view::EventView;
use crate::app::control::{Control, Events, PageLine};

/// How often a comment is sent when nothing happens, so that a dead connection is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Events that a slow reader may fall behind here; then the agent's own queue fills, and it is told that some were lost.
const QUEUE: usize = 16;

/// What happens from now on, as server-sent events: the event's name, and the whole noun as its data.
#[utoipa::path(get, path = "/v1/events", operation_id = "events", tag = "events",
    responses((status = 200, body = EventView, content_type = "text/event-stream")))]
pub async fn stream(
    State(control): State<Control>,
    line: Option<Extension<PageLine>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (told, reader) = mpsc::channel(QUEUE);
    let telling = tell(control.events(), told);
    tokio::spawn(async {
        match line {
            None => telling.await,
            Some(Extension(line)) => tokio::select! {
                () = telling => {}
                // A page that was closed hears nothing more either.
                () = line.closed() => {}
            },
        }
    });
    Sse::new(ReceiverStream::new(reader)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// Until the agent or the reader is gone.
async fn tell(mut events: Events, told: Sender<Result<Event, Infallible>>) {
    loop {
        let view = tokio::select! {
            view = events.next() => view,
            () = told.closed() => return,
        };
        let Some(event) = view.as_ref().and_then(written) else { return };
        if told.send(Ok(event)).await.is_err() {
            return;
        }
    }
}

fn written(view: &EventView) -> Option<Event> {
    let mut whole = serde_json::to_value(view).ok()?;
    let data = whole.get_mut("data").map_or_else(|| serde_json::json!({}), serde_json::Value::take);
    Event::default().event(view.name()).json_data(data).ok()
}
