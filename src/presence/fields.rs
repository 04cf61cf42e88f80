//! How the fields of a statement are taken out of their element: nothing twice, nothing unknown, nothing too long.

use std::str::FromStr;

use super::namespace::Namespace;
use super::unreadable::Unreadable;
use super::xml::{is_xml_space, Element};
use crate::vocab::PeerText;

impl Element {
    pub(super) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// The value of an attribute without prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut found = self.attributes.iter().filter(|a| a.namespace == Namespace::None && a.name == name);
        found.next().map(|attribute| attribute.value.as_str())
    }

    pub(super) fn all<'a>(&'a self, namespace: Namespace, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.is(namespace, name))
    }

    /// The one child of this name, if there is one.
    ///
    /// # Errors
    /// [`Unreadable::Repeated`] when there are more.
    pub(super) fn at_most_one(&self, namespace: Namespace, name: &'static str) -> Result<Option<&Element>, Unreadable> {
        let mut found = self.all(namespace, name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Unreadable::Repeated(name)),
            (found, None) => Ok(found),
        }
    }

    /// The one child of this name in our namespace, if there is one.
    pub(super) fn maybe(&self, name: &'static str) -> Result<Option<&Element>, Unreadable> {
        self.at_most_one(Namespace::Ours, name)
    }

    /// The one child of this name in our namespace.
    pub(super) fn one(&self, name: &'static str) -> Result<&Element, Unreadable> {
        self.maybe(name)?.ok_or(Unreadable::Missing(name))
    }

    /// All children of this name in our namespace, at most `most`.
    pub(super) fn many(&self, name: &'static str, most: usize) -> Result<Vec<&Element>, Unreadable> {
        let found: Vec<_> = self.all(Namespace::Ours, name).collect();
        if found.len() > most {
            return Err(Unreadable::TooMany(name));
        }
        Ok(found)
    }

    /// Refuses children, attributes and character data other than these children of our namespace and these attributes.
    pub(super) fn only(&self, children: &[&str], attributes: &[&str]) -> Result<(), Unreadable> {
        let strange = |name: &str| Err(Unreadable::Unknown(PeerText::new(name)));
        for child in &self.children {
            if child.namespace != Namespace::Ours || !children.contains(&child.name.as_str()) {
                return strange(&child.name);
            }
        }
        for attribute in &self.attributes {
            if attribute.namespace != Namespace::None || !attributes.contains(&attribute.name.as_str()) {
                return strange(&attribute.name);
            }
        }
        if !children.is_empty() && !self.text.chars().all(is_xml_space) {
            return strange(self.trimmed());
        }
        Ok(())
    }

    /// The character data of an element that has nothing else, as it stands, at most `most` octets.
    pub(super) fn free_text(&self, name: &'static str, most: usize) -> Result<PeerText, Unreadable> {
        self.only(&[], &[])?;
        if self.text.len() > most {
            return Err(Unreadable::Malformed(name));
        }
        Ok(PeerText::new(self.text.as_str()))
    }

    /// A word, without the white space around it.
    pub(super) fn word(&self) -> Result<&str, Unreadable> {
        self.only(&[], &[])?;
        Ok(self.trimmed())
    }

    /// A word that `read` understands.
    pub(super) fn value<T>(&self, name: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T, Unreadable> {
        read(self.word()?).ok_or(Unreadable::Malformed(name))
    }

    /// A word of an enumeration.
    pub(super) fn choice<T>(&self, name: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T, Unreadable> {
        read(self.word()?).ok_or(Unreadable::UnknownValue(name))
    }

    /// An element that says all by standing there.
    pub(super) fn empty(&self, name: &'static str) -> Result<(), Unreadable> {
        if self.word()?.is_empty() {
            Ok(())
        } else {
            Err(Unreadable::Malformed(name))
        }
    }

    pub(super) fn trimmed(&self) -> &str {
        self.text.trim_matches(is_xml_space)
    }
}

/// Decimal digits only: no sign, no leading zero, so that a number has one spelling.
pub(super) fn number<T: FromStr>(text: &str) -> Option<T> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}
