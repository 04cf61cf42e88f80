use super::answer_watcher::watcher_name;
use super::Agent;

impl Agent {
    /// Whether the watcher of this name is answered; `None` has proven no key.
    pub(super) fn serves(&self, watcher: Option<&str>) -> bool {
        let only = self.config.serves.as_ref().map(watcher_name);
        only.is_none_or(|only| watcher == Some(only.as_str()))
    }
}
