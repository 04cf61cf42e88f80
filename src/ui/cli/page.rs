//! `page`: the whole telephone in a browser of this machine.

use std::path::Path;

use super::door::Door;
use super::exit::Exit;
use super::output::Output;
use crate::app::control::open_in_browser;
use crate::app::control::view::{ClosedPagesView, ErrorView, PageView};

pub async fn run(door: &Door, output: Output, print: bool, close: bool) -> Result<Exit, ErrorView> {
    if close {
        let reply = door.delete("/v1/pages").await?;
        let ClosedPagesView { closed } = reply.view()?;
        output.body(reply.body());
        output.line(&match closed {
            0 => "no page was open".to_owned(),
            1 => "the page that was open gets no answer any more".to_owned(),
            some => format!("the {some} pages that were open get no answer any more"),
        });
        return Ok(Exit::Done);
    }
    let reply = door.post_empty("/v1/pages").await?;
    let page: PageView = reply.view()?;
    output.body(reply.body());
    show(&page, output, print || output.json);
    Ok(Exit::Done)
}

/// Opens it, or prints where it is: what is good once stands in no log where that is not needed.
pub fn show(page: &PageView, output: Output, print: bool) {
    if !print && open_in_browser(Path::new(&page.file)) {
        output.line("The page opens in your browser. If it does not, `sottovoce page --print` tells its address.");
        return;
    }
    output.line("Open this address in a browser of this machine:");
    output.line(&page.url);
    output.line(&format!("It is good once, until {}; `sottovoce page --print` makes another one.", page.until));
}
