use std::fmt::{Display, Write};

use super::field::Field;
use super::name::Wanted;
use super::{HeaderName, TypedHeader};
use crate::sip::error::{HeaderError, WriteError};
use crate::sip::message::MAX_LINE;
use crate::sip::token;

/// The header fields of one message, in order. Those that were read are written back octet for
/// octet until they are replaced.
///
/// Names may be given as a [`HeaderName`] or as a text, in any case, long or compact.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    /// The head off the wire, in which the fields that were read stand, and after it those that were added. What is
    /// replaced or removed stays in it for as long as the message lives.
    text: String,
    fields: Vec<Field>,
}

impl Headers {
    /// Those that were read from `head`.
    pub(in crate::sip) fn read(head: &[u8], fields: Vec<Field>) -> Self {
        match std::str::from_utf8(head) {
            Ok(head) => Self { text: head.to_owned(), fields },
            Err(_) => {
                let apart = fields.into_iter().map(|field| field.apart(head)).collect();
                Self { text: String::new(), fields: apart }
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
        self.fields.iter().map(|field| (field.name(), field.value(&self.text)))
    }

    pub fn has(&self, name: impl AsRef<str>) -> bool {
        self.named(Wanted::new(name.as_ref())).next().is_some()
    }

    /// The value of the first field of that name, a comma-separated list as one value.
    pub fn first(&self, name: impl AsRef<str>) -> Option<&str> {
        self.named(Wanted::new(name.as_ref())).next().map(|field| field.value(&self.text))
    }

    /// Every value of every field of that name; lists are cut at their commas, an empty list has no value.
    pub fn all(&self, name: impl AsRef<str>) -> Vec<&str> {
        self.values(Wanted::new(name.as_ref())).collect()
    }

    /// How many fields have that name.
    pub fn count(&self, name: impl AsRef<str>) -> usize {
        self.named(Wanted::new(name.as_ref())).count()
    }

    /// Reads the first value of the header; `None` when there is none.
    pub fn typed<H: TypedHeader>(&self) -> Result<Option<H>, HeaderError> {
        match self.first_value(Wanted::constant(&H::NAME)) {
            Some(value) => read(value).map(Some),
            None => Ok(None),
        }
    }

    /// Reads every value of the header.
    pub fn typed_all<H: TypedHeader>(&self) -> Result<Vec<H>, HeaderError> {
        self.typed_each().collect()
    }

    /// The same, one after the other.
    pub(in crate::sip) fn typed_each<H: TypedHeader>(
        &self,
    ) -> impl Iterator<Item = Result<H, HeaderError>> + use<'_, H> {
        self.values(Wanted::constant(&H::NAME)).map(read)
    }

    /// Adds a field after all others.
    pub fn push(&mut self, name: impl AsRef<str>, value: impl Display) -> Result<(), WriteError> {
        let field = self.make(name.as_ref(), value)?;
        self.fields.push(field);
        Ok(())
    }

    /// Adds a field before all others: a Via, a Route.
    pub fn push_front(&mut self, name: impl AsRef<str>, value: impl Display) -> Result<(), WriteError> {
        let field = self.make(name.as_ref(), value)?;
        self.fields.insert(0, field);
        Ok(())
    }

    /// Puts one field in the place of all those of that name, or at the end.
    pub fn set(&mut self, name: impl AsRef<str>, value: impl Display) -> Result<(), WriteError> {
        let field = self.make(name.as_ref(), value)?;
        let at = self.position(name.as_ref());
        self.remove(name);
        self.fields.insert(at.unwrap_or(self.fields.len()), field);
        Ok(())
    }

    /// Puts one value in the place of the first one; the others of that field and name stay.
    pub fn set_first(&mut self, name: impl AsRef<str>, value: impl Display) -> Result<(), WriteError> {
        let Some(at) = self.position(name.as_ref()) else {
            return self.push(name, value);
        };
        let mut all = vec![value.to_string()];
        let held = self.fields.get(at).into_iter().flat_map(|field| values(field, &self.text));
        all.extend(held.skip(1).map(str::to_owned));
        let field = self.make(name.as_ref(), all.join(", "))?;
        self.fields.splice(at..=at, [field]);
        Ok(())
    }

    /// Takes away every field of that name.
    pub fn remove(&mut self, name: impl AsRef<str>) {
        let wanted = Wanted::new(name.as_ref());
        self.fields.retain(|field| !wanted.is(field.name()));
    }

    /// Adds every field of that name from another message, octets kept, folded lines joined.
    pub fn copy(&mut self, from: &Self, name: impl AsRef<str>) {
        for field in from.named(Wanted::new(name.as_ref())) {
            self.fields.extend(field.unfolded(self.text.len()));
            self.text.push_str(field.line(&from.text));
        }
    }

    pub(in crate::sip) fn write(&self, out: &mut Vec<u8>) {
        self.fields.iter().for_each(|field| out.extend_from_slice(field.raw(&self.text)));
    }

    /// How many octets [`Self::write`] writes.
    pub(in crate::sip) fn octets(&self) -> usize {
        self.fields.iter().map(|field| field.raw(&self.text).len()).sum()
    }

    fn values<'a, 'n>(&'a self, name: Wanted<'n>) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.named(name).flat_map(|field| values(field, &self.text))
    }

    fn first_value(&self, name: Wanted<'_>) -> Option<&str> {
        let mut named = self.named(name);
        let mut field = named.next()?;
        if !field.name().is_list() {
            return Some(field.value(&self.text));
        }
        while field.value(&self.text).is_empty() {
            field = named.next()?;
        }
        Some(token::trim(token::cut_piece(field.value(&self.text), b',').0))
    }

    fn named<'a, 'n>(&'a self, name: Wanted<'n>) -> impl Iterator<Item = &'a Field> + use<'a, 'n> {
        self.fields.iter().filter(move |field| name.is(field.name()))
    }

    fn position(&self, name: &str) -> Option<usize> {
        let wanted = Wanted::new(name);
        self.fields.iter().position(|field| wanted.is(field.name()))
    }

    /// Writes a field of ours after the text.
    fn make(&mut self, name: &str, value: impl Display) -> Result<Field, WriteError> {
        let name = HeaderName::new(name)?;
        let start = self.text.len();
        let made = write!(self.text, "{name}: {value}\r\n").map_err(|_| WriteError::Control);
        let field = made.and_then(|()| checked(name, self.text.get(start..).unwrap_or(""), start));
        if field.is_err() {
            self.text.truncate(start);
        }
        field
    }
}

/// The field that a line of ours is, which begins at octet `start` of the text.
fn checked(name: HeaderName, line: &str, start: usize) -> Result<Field, WriteError> {
    let before_value = name.as_str().len() + 1;
    let value = line.get(before_value..line.len().saturating_sub(2)).unwrap_or("");
    if value.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
        return Err(WriteError::Control);
    }
    if line.len() > MAX_LINE {
        return Err(WriteError::TooLong);
    }
    Field::of_line(name, line.as_bytes(), before_value, start).ok_or(WriteError::TooLong)
}

fn values<'a>(field: &'a Field, text: &'a str) -> impl Iterator<Item = &'a str> {
    let value = field.value(text);
    let is_list = field.name().is_list();
    let mut rest = (!is_list || !value.is_empty()).then_some(value);
    std::iter::from_fn(move || {
        if !is_list {
            return rest.take();
        }
        let piece;
        (piece, rest) = token::cut_piece(rest?, b',');
        Some(token::trim(piece))
    })
}

fn read<H: TypedHeader>(value: &str) -> Result<H, HeaderError> {
    H::read(value).map_err(|problem| HeaderError { header: H::NAME, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_be_smuggled_in() {
        for bad in ["a\r\nVia: x", "a\rb", "a\nb", "a\0"] {
            assert_eq!(Headers::default().push("Subject", bad).err(), Some(WriteError::Control), "{bad:?}");
        }
        assert_eq!(Headers::default().push("Sub ject", "a").err(), Some(WriteError::Name));
        assert_eq!(Headers::default().push("Subject", "a".repeat(MAX_LINE)).err(), Some(WriteError::TooLong));
    }
}
