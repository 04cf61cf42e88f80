use std::fmt::Display;

use super::field::Field;
use super::{HeaderName, TypedHeader};
use crate::sip::error::{HeaderError, WriteError};
use crate::sip::token;

/// The header fields of one message, in order. Those that were read are written back octet for
/// octet until they are replaced.
///
/// Names may be given as a [`HeaderName`] or as a text, in any case, long or compact.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    /// The head off the wire, in which the fields that were read stand.
    head: String,
    fields: Vec<Field>,
}

impl Headers {
    /// Those that were read from `head`.
    pub(in crate::sip) fn read(head: &[u8], fields: Vec<Field>) -> Self {
        match std::str::from_utf8(head) {
            Ok(head) => Self { head: head.to_owned(), fields },
            Err(_) => {
                let apart = fields.into_iter().map(|field| field.apart(head)).collect();
                Self { head: String::new(), fields: apart }
            }
        }
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Every field in order, a comma-separated list as one value.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &str)> {
        self.fields.iter().map(|field| (field.name(), field.value(&self.head)))
    }

    pub fn has(&self, name: impl AsRef<str>) -> bool {
        self.named(name.as_ref()).next().is_some()
    }

    /// The value of the first field of that name, a comma-separated list as one value.
    pub fn first(&self, name: impl AsRef<str>) -> Option<&str> {
        self.named(name.as_ref()).next().map(|field| field.value(&self.head))
    }

    /// Every value of every field of that name; lists are cut at their commas, an empty list has no value.
    pub fn all(&self, name: impl AsRef<str>) -> Vec<&str> {
        self.values(name.as_ref()).collect()
    }

    /// How many fields have that name.
    pub fn count(&self, name: impl AsRef<str>) -> usize {
        self.named(name.as_ref()).count()
    }

    /// Reads the first value of the header; `None` when there is none.
    pub fn typed<H: TypedHeader>(&self) -> Result<Option<H>, HeaderError> {
        self.typed_each().next().transpose()
    }

    /// Reads every value of the header.
    pub fn typed_all<H: TypedHeader>(&self) -> Result<Vec<H>, HeaderError> {
        self.typed_each().collect()
    }

    /// The same, one after the other.
    pub(in crate::sip) fn typed_each<H: TypedHeader>(
        &self,
    ) -> impl Iterator<Item = Result<H, HeaderError>> + use<'_, H> {
        self.values(H::NAME).map(read)
    }

    /// Adds a field after all others.
    pub fn push(&mut self, name: impl AsRef<str>, value: impl Display) -> Result<(), WriteError> {
        self.fields.push(Field::write(name.as_ref(), &value.to_string())?);
        Ok(())
    }

    /// Adds a field before all others: a Via, a Route.
    pub fn push_front(&mut self, name: impl AsRef<str>, value: impl Display) -> Result<(), WriteError> {
        self.fields.insert(0, Field::write(name.as_ref(), &value.to_string())?);
        Ok(())
    }

    /// Puts one field in the place of all those of that name, or at the end.
    pub fn set(&mut self, name: impl AsRef<str>, value: impl Display) -> Result<(), WriteError> {
        let field = Field::write(name.as_ref(), &value.to_string())?;
        let at = self.fields.iter().position(|f| f.name().is(name.as_ref()));
        self.remove(name);
        self.fields.insert(at.unwrap_or(self.fields.len()), field);
        Ok(())
    }

    /// Puts one value in the place of the first one; the others of that field and name stay.
    pub fn set_first(&mut self, name: impl AsRef<str>, value: impl Display) -> Result<(), WriteError> {
        let Some(at) = self.fields.iter().position(|f| f.name().is(name.as_ref())) else {
            return self.push(name, value);
        };
        let mut all = vec![value.to_string()];
        let held = self.fields.get(at).into_iter().flat_map(|field| values(field, &self.head));
        all.extend(held.skip(1).map(str::to_owned));
        let field = Field::write(name.as_ref(), &all.join(", "))?;
        self.fields.splice(at..=at, [field]);
        Ok(())
    }

    /// Takes away every field of that name.
    pub fn remove(&mut self, name: impl AsRef<str>) {
        self.fields.retain(|field| !field.name().is(name.as_ref()));
    }

    /// Adds every field of that name from another message, octets kept, folded lines joined.
    pub fn copy(&mut self, from: &Self, name: impl AsRef<str>) {
        self.fields.extend(from.named(name.as_ref()).map(|field| field.unfolded(&from.head)));
    }

    pub(in crate::sip) fn write(&self, out: &mut Vec<u8>) {
        self.fields.iter().for_each(|field| out.extend_from_slice(field.raw(&self.head)));
    }

    /// How many octets [`Self::write`] writes.
    pub(in crate::sip) fn octets(&self) -> usize {
        self.fields.iter().map(|field| field.raw(&self.head).len()).sum()
    }

    fn values<N: AsRef<str>>(&self, name: N) -> impl Iterator<Item = &str> + use<'_, N> {
        self.named(name).flat_map(|field| values(field, &self.head))
    }

    fn named<N: AsRef<str>>(&self, name: N) -> impl Iterator<Item = &Field> + use<'_, N> {
        self.fields.iter().filter(move |field| field.name().is(name.as_ref()))
    }
}

fn values<'a>(field: &'a Field, head: &'a str) -> impl Iterator<Item = &'a str> {
    let value = field.value(head);
    let is_list = field.name().is_list();
    let whole = (!is_list).then_some(value);
    let pieces = (is_list && !value.is_empty()).then(|| token::pieces(value, b',').map(token::trim));
    whole.into_iter().chain(pieces.into_iter().flatten())
}

fn read<H: TypedHeader>(value: &str) -> Result<H, HeaderError> {
    H::read(value).map_err(|problem| HeaderError { header: H::NAME, problem })
}
