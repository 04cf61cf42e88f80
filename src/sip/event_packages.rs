/// The event packages of which an endpoint notifies, each with the media type of what its NOTIFY carries (RFC 6665 sections 5.4.5
/// and 8.2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPackages {
    packages: Vec<(String, String)>,
    /// Their names as `Allow-Events` has them: it goes with every request that makes or refreshes a dialog.
    listed: String,
}

impl EventPackages {
    /// Name, template included, and media type of each.
    pub fn new<const N: usize>(packages: [(&str, &str); N]) -> Self {
        let listed = packages.map(|(name, _)| name).join(", ");
        Self { packages: packages.map(|(name, document)| (name.to_owned(), document.to_owned())).to_vec(), listed }
    }

    /// What NOTIFY of this package carries; `None`: nobody is notified of it.
    pub(crate) fn document_of(&self, name: &str) -> Option<&str> {
        self.packages.iter().find(|(known, _)| known == name).map(|(_, document)| document.as_str())
    }

    /// As `Allow-Events` has them, empty without any.
    pub(crate) fn listed(&self) -> &str {
        &self.listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_has_its_own_document_and_no_other_has_one() {
        let packages = EventPackages::new([("presence", "a/p"), ("presence.winfo", "a/w")]);
        let documents =
            ["presence", "presence.winfo", "presence.winfo.winfo", "pres"].map(|name| packages.document_of(name));
        assert_eq!(documents, [Some("a/p"), Some("a/w"), None, None]);
        assert_eq!((packages.listed(), EventPackages::default().listed()), ("presence, presence.winfo", ""));
    }
}
