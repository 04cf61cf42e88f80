use std::ops::RangeInclusive;

use toml::de::{DeTable, DeValue};
use toml::Spanned;

use super::spelling;
use crate::media::Gain;
use crate::vocab::{escape, Failure, FailureKind};

/// The text of a configuration file and its name, to say where something stands.
#[derive(Clone, Copy)]
pub(super) struct Source<'t> {
    pub(super) file: &'t str,
    pub(super) text: &'t str,
}

/// One table of the file.
pub(super) struct Section<'t, 'd> {
    source: Source<'t>,
    /// Empty for the top of the file, else with a dot at its end: `sip.`.
    prefix: String,
    table: &'d DeTable<'t>,
}

/// One value, with the key and the place where it stands.
pub(super) struct Value<'t, 'd> {
    source: Source<'t>,
    key: String,
    value: &'d Spanned<DeValue<'t>>,
}

impl<'t> Source<'t> {
    pub(super) fn parse(self) -> Result<DeTable<'t>, Failure> {
        DeTable::parse(self.text).map(Spanned::into_inner).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.refusal(at, error.message().trim(), "the file", "write it as TOML: key = value, texts in quotes")
        })
    }

    pub(super) fn top<'d>(self, table: &'d DeTable<'t>, known: &[&'static str]) -> Result<Section<'t, 'd>, Failure> {
        Section::checked(self, String::new(), table, known)
    }

    fn refusal(self, at: usize, what: &str, key: &str, next: &str) -> Failure {
        Failure::new(
            FailureKind::Usage,
            "config-invalid",
            format!("{} line {}: {}", escape(self.file), self.line(at), escape(what)),
            key,
            next,
        )
    }

    fn line(self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|octet| *octet == b'\n').count() + 1
    }
}

impl<'t, 'd> Section<'t, 'd> {
    fn checked(
        source: Source<'t>,
        prefix: String,
        table: &'d DeTable<'t>,
        known: &[&'static str],
    ) -> Result<Self, Failure> {
        let section = Self { source, prefix, table };
        section.only(known)?;
        Ok(section)
    }

    /// A refusal of the whole table: `expected` completes "write ...".
    pub(super) fn refuse(&self, what: &str, expected: &str) -> Failure {
        let at = self.table.iter().next().map_or(0, |(key, _)| key.span().start);
        self.source.refusal(at, what, self.prefix.trim_end_matches('.'), &format!("write {expected}"))
    }

    fn only(&self, known: &[&'static str]) -> Result<(), Failure> {
        let Some((key, _)) = self.table.iter().find(|(key, _)| !known.contains(&key.get_ref().as_ref())) else {
            return Ok(());
        };
        let name = format!("{}{}", self.prefix, escape(key.get_ref()));
        let next = match spelling::nearest(key.get_ref(), known) {
            Some(near) => format!("did you mean `{}{near}`?", self.prefix),
            None => format!("remove it; here stand {}", known.join(", ")),
        };
        Err(self.source.refusal(key.span().start, &format!("there is no key `{name}`"), &name, &next))
    }

    pub(super) fn value(&self, key: &str) -> Option<Value<'t, 'd>> {
        let (_, value) = self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key)?;
        Some(Value { source: self.source, key: format!("{}{key}", self.prefix), value })
    }

    /// A table below this one; `None` when it is absent.
    pub(super) fn section(&self, key: &str, known: &[&'static str]) -> Result<Option<Section<'t, 'd>>, Failure> {
        self.value(key).map(|value| value.section(known)).transpose()
    }

    /// The tables of `[[key]]`.
    pub(super) fn sections(&self, key: &str, known: &[&'static str]) -> Result<Vec<Section<'t, 'd>>, Failure> {
        let Some(value) = self.value(key) else { return Ok(Vec::new()) };
        value.items(&format!("one or more [[{key}]] tables"))?.iter().map(|item| item.section(known)).collect()
    }

    /// Reads the value of `key` with `read`, when it is there.
    pub(super) fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Value<'t, 'd>) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        self.value(key).map(|value| read(&value)).transpose()
    }
}

impl<'t, 'd> Value<'t, 'd> {
    /// A refusal of this value: `expected` completes "write ...".
    pub(super) fn refuse(&self, expected: &str) -> Failure {
        self.refuse_because(&format!("`{}` is {}", self.key, self.shown()), expected)
    }

    pub(super) fn refuse_because(&self, what: &str, expected: &str) -> Failure {
        self.source.refusal(self.value.span().start, what, &self.key, &format!("write {expected}"))
    }

    /// A text that `parse` understands.
    pub(super) fn text<T>(&self, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Failure> {
        self.value.get_ref().as_str().and_then(parse).ok_or_else(|| self.refuse(expected))
    }

    pub(super) fn number(&self, range: RangeInclusive<u64>, unit: &str) -> Result<u64, Failure> {
        let number = self.value.get_ref().as_integer();
        number
            .and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok())
            .filter(|n| range.contains(n))
            .ok_or_else(|| self.refuse(&format!("a number of {unit} from {} to {}", range.start(), range.end())))
    }

    pub(super) fn decibels(&self) -> Result<Gain, Failure> {
        let number = self.value.get_ref().as_integer();
        number
            .and_then(|n| i8::from_str_radix(n.as_str(), n.radix()).ok())
            .and_then(Gain::new)
            .ok_or_else(|| self.refuse(&format!("decibels, whole ones, from {} to {}", Gain::LEAST, Gain::MOST)))
    }

    pub(super) fn flag(&self) -> Result<bool, Failure> {
        self.value.get_ref().as_bool().ok_or_else(|| self.refuse("true or false"))
    }

    pub(super) fn items(&self, expected: &str) -> Result<Vec<Value<'t, 'd>>, Failure> {
        let other = || self.refuse_because(&format!("`{}` is {}, and no list", self.key, self.shown()), expected);
        let array = self.value.get_ref().as_array().ok_or_else(other)?;
        Ok(array.iter().map(|value| Value { source: self.source, key: self.key.clone(), value }).collect())
    }

    fn section(&self, known: &[&'static str]) -> Result<Section<'t, 'd>, Failure> {
        let table = self.value.get_ref().as_table();
        let table = table.ok_or_else(|| self.refuse(&format!("a table, [{}]", self.key)))?;
        Section::checked(self.source, format!("{}.", self.key), table, known)
    }

    fn shown(&self) -> String {
        match self.value.get_ref() {
            DeValue::String(text) => format!("{:?}", text.chars().take(80).collect::<String>()),
            DeValue::Integer(number) => number.to_string(),
            other => format!("a value of type {}", other.type_str()),
        }
    }
}
