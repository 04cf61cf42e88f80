use super::failures::{no_such, usage};
use super::request::NamesBody;
use super::view::{PresenceList, PresenceView};
use super::Control;
use crate::agent::{is_mail, Command};
use crate::presence::PresenceRecord;
use crate::vocab::{Entity, Failure};

impl Control {
    /// Our own first, then every device that we heard of.
    pub async fn presences(&self) -> Result<PresenceList, Failure> {
        self.look(|known| PresenceList {
            presences: std::iter::once(PresenceView::of_ours(&known.own_presence()))
                .chain(known.presences().into_iter().map(PresenceView::of_peer))
                .collect(),
        })
        .await
    }

    /// Every device of one entity.
    pub async fn presence(&self, entity: &str) -> Result<PresenceList, Failure> {
        let wanted = self.peer(entity).await?;
        let mut list = self.presences().await?;
        list.presences.retain(|presence| presence.entity == wanted.as_str());
        if list.presences.is_empty() {
            return Err(no_presence(entity));
        }
        Ok(list)
    }

    /// Our own user and place as typed in.
    pub async fn presence_set(&self, body: &NamesBody) -> Result<PresenceView, Failure> {
        let NamesBody { user, place, .. } = checked(body)?;
        self.change_store(Command::PresenceSet { user, place }).await?;
        self.look(|known| PresenceView::of_ours(&known.own_presence())).await
    }

    /// Our user's own names for a peer's user and place.
    pub async fn presence_rename(&self, entity: &str, body: &NamesBody) -> Result<PresenceList, Failure> {
        self.presence(entity).await?;
        let NamesBody { user, place, mail } = checked(body)?;
        self.change_store(Command::PresenceRename { entity: self.peer(entity).await?, user, place, mail }).await?;
        self.presence(entity).await
    }

    /// Forgets a peer's records; our own cannot be removed, peers ask for it.
    pub async fn presence_remove(&self, entity: &str) -> Result<PresenceList, Failure> {
        let wanted = self.peer(entity).await?;
        let is = |record: &PresenceRecord, wanted: &Entity| record.entity == *wanted;
        let sought = wanted.clone();
        let (own, known) = self
            .look(move |known| {
                (is(&known.own_presence(), &sought), known.presences().iter().any(|record| is(record, &sought)))
            })
            .await?;
        match (known, own) {
            (true, _) => {}
            (false, true) => return Err(own_record(&wanted)),
            (false, false) => return Err(no_presence(entity)),
        }
        self.change_store(Command::PresenceRemove { entity: wanted }).await?;
        self.presences().await
    }
}

impl Control {
    /// As the user typed it: a contact's name, or an entity, whose scheme may be left out.
    async fn peer(&self, text: &str) -> Result<Entity, Failure> {
        self.entity_named(text).await.ok_or_else(|| no_presence(text))
    }
}

/// Longest name that a user may give, in octets.
const MAX_NAME: usize = 128;

fn checked(body: &NamesBody) -> Result<NamesBody, Failure> {
    if body.user.is_none() && body.place.is_none() && body.mail.is_none() {
        let what = "neither a user nor a place is named, so there is nothing to change".to_owned();
        return Err(usage("no-name", what, "user, place", "give --user NAME, --place NAME, or both; \"\" goes back"));
    }
    if body.mail.as_deref().is_some_and(|mail| !mail.is_empty() && !is_mail(mail)) {
        let what = "this is no e-mail address".to_owned();
        return Err(usage("bad-name", what, "mail", "write it as alice@example.org"));
    }
    for (field, text) in [("user", &body.user), ("place", &body.place), ("mail", &body.mail)] {
        if text.as_ref().is_some_and(|text| text.len() > MAX_NAME || text.chars().any(char::is_control)) {
            let what = format!("{field} is too long or has control characters");
            return Err(usage("bad-name", what, field, "write at most 128 octets of text on one line"));
        }
    }
    Ok(body.clone())
}

fn no_presence(entity: &str) -> Failure {
    no_such("no-such-presence", "presence record of", entity, "presence list")
}

fn own_record(entity: &Entity) -> Failure {
    usage(
        "own-presence",
        "your own presence record cannot be removed: peers who ask are answered from it".to_owned(),
        entity.as_str(),
        "change it with `sottovoce presence set`, or configure `watchers.unknown = \"block\"` to tell strangers nothing",
    )
}
