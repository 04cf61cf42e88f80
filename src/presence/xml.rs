//! Octets to a small tree of elements, within limits: no document type, no entities beyond the five
//! of XML itself, prefixes resolved and forgotten, comments and processing instructions dropped.

use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::NsReader;

use super::namespace::Namespace;
use super::unreadable::Unreadable;

/// Longest document that is read, in octets (PROTOCOL section 3).
pub(super) const MAX_OCTETS: usize = 64 * 1024;
/// Elements inside of one another; our own documents need seven.
pub(super) const MAX_DEPTH: usize = 16;
const MAX_ELEMENTS: usize = 4096;
const MAX_ATTRIBUTES: usize = 32;

/// One element, with the character data that stands directly in it.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) namespace: Namespace,
    pub(super) name: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) namespace: Namespace,
    pub(super) name: String,
    pub(super) value: String,
}

/// Reads a whole document and returns its root.
pub(super) fn parse(octets: &[u8]) -> Result<Element, Unreadable> {
    if octets.len() > MAX_OCTETS {
        return Err(Unreadable::TooLong);
    }
    let text = std::str::from_utf8(octets).map_err(|_| Unreadable::NotXml)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.chars().all(is_xml_char) {
        return Err(Unreadable::NotXml);
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree::default();
    loop {
        match reader.read_event().map_err(|_| Unreadable::NotXml)? {
            Event::Start(start) => tree.open(element(&reader, &start)?)?,
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&text.xml_content().map_err(|_| Unreadable::NotXml)?)?,
            Event::CData(text) => tree.cdata(&text.xml_content().map_err(|_| Unreadable::NotXml)?)?,
            Event::GeneralRef(reference) => tree.cdata(resolve(&reference)?.encode_utf8(&mut [0; 4]))?,
            Event::Decl(declaration) => tree.declaration(&declaration)?,
            Event::DocType(_) => return Err(Unreadable::Doctype),
            Event::Eof => return tree.root(),
            Event::Comment(_) | Event::PI(_) => tree.begun = true,
            Event::Empty(_) => return Err(Unreadable::NotXml),
        }
    }
}

/// XML 1.0 section 2.2, `Char`.
pub(super) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// XML 1.0 section 2.3, `S`.
pub(super) fn is_xml_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' ')
}

/// The elements that are open, outermost first, and the root once it is closed.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    done: Option<Element>,
    elements: usize,
    begun: bool,
}

impl Tree {
    fn open(&mut self, element: Element) -> Result<(), Unreadable> {
        self.begun = true;
        self.elements += 1;
        if self.done.is_some() {
            return Err(Unreadable::NotXml);
        }
        if self.open.len() == MAX_DEPTH {
            return Err(Unreadable::TooDeep);
        }
        if self.elements > MAX_ELEMENTS {
            return Err(Unreadable::TooMany("elements"));
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Unreadable> {
        let element = self.open.pop().ok_or(Unreadable::NotXml)?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.done = Some(element),
        }
        Ok(())
    }

    /// Character data; outside of the root only white space may stand.
    fn text(&mut self, text: &str) -> Result<(), Unreadable> {
        self.begun = true;
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.chars().all(is_xml_space) => {}
            None => return Err(Unreadable::NotXml),
        }
        Ok(())
    }

    /// Character data that stands for itself: outside of the root none may stand.
    fn cdata(&mut self, text: &str) -> Result<(), Unreadable> {
        if self.open.is_empty() {
            return Err(Unreadable::NotXml);
        }
        self.text(text)
    }

    /// Only at the very beginning, and only UTF-8.
    fn declaration(&mut self, declaration: &BytesDecl<'_>) -> Result<(), Unreadable> {
        let utf8 = match declaration.encoding() {
            None => true,
            Some(Ok(name)) => name.eq_ignore_ascii_case(b"utf-8") || name.eq_ignore_ascii_case(b"us-ascii"),
            Some(Err(_)) => false,
        };
        if self.begun || !utf8 {
            return Err(Unreadable::NotXml);
        }
        self.begun = true;
        Ok(())
    }

    fn root(self) -> Result<Element, Unreadable> {
        match self.done {
            Some(root) if self.open.is_empty() => Ok(root),
            _ => Err(Unreadable::NotXml),
        }
    }
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, Unreadable> {
    let (namespace, name) = reader.resolve_element(start.name());
    Ok(Element {
        namespace: known(&namespace)?,
        name: utf8(name.as_ref())?,
        attributes: attributes(reader, start)?,
        children: Vec::new(),
        text: String::new(),
    })
}

/// Every attribute but the declarations of namespaces.
fn attributes(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Vec<Attribute>, Unreadable> {
    let mut attributes = Vec::new();
    for (count, attribute) in start.attributes().enumerate() {
        let attribute = attribute.map_err(|_| Unreadable::NotXml)?;
        if count == MAX_ATTRIBUTES {
            return Err(Unreadable::TooMany("attributes"));
        }
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (namespace, name) = reader.resolve_attribute(attribute.key);
        let value = attribute.unescape_value().map_err(|_| Unreadable::UnknownReference)?;
        if attribute.value.contains(&b'<') || !value.chars().all(is_xml_char) {
            return Err(Unreadable::NotXml);
        }
        attributes.push(Attribute {
            namespace: known(&namespace)?,
            name: utf8(name.as_ref())?,
            value: value.into_owned(),
        });
    }
    Ok(attributes)
}

fn known(namespace: &ResolveResult<'_>) -> Result<Namespace, Unreadable> {
    match namespace {
        ResolveResult::Bound(name) => Ok(Namespace::from_name(name.as_ref())),
        ResolveResult::Unbound => Ok(Namespace::None),
        ResolveResult::Unknown(_) => Err(Unreadable::NotXml),
    }
}

fn utf8(octets: &[u8]) -> Result<String, Unreadable> {
    String::from_utf8(octets.to_vec()).map_err(|_| Unreadable::NotXml)
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, Unreadable> {
    if reference.is_char_ref() {
        let character = reference.resolve_char_ref().ok().flatten();
        return character.filter(|c| is_xml_char(*c)).ok_or(Unreadable::NotXml);
    }
    let name: &[u8] = reference.as_ref();
    match name {
        b"amp" => Ok('&'),
        b"apos" => Ok('\''),
        b"gt" => Ok('>'),
        b"lt" => Ok('<'),
        b"quot" => Ok('"'),
        _ => Err(Unreadable::UnknownReference),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Unreadable {
        parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn text_comes_in_pieces_and_is_joined() {
        let root = parse(b"<?xml version='1.0'?><a>x&amp;<!-- - --><![CDATA[<y>]]>&#x7a;\r\n</a>").unwrap();
        assert_eq!(root.text, "x&<y>z\n");
        assert_eq!(parse("\u{feff}<a b='&lt;c&#233;'/>".as_bytes()).unwrap().attributes[0].value, "<cé");
    }

    #[test]
    fn prefixes_are_resolved_where_they_stand() {
        let root = parse(b"<p:a xmlns:p='urn:ietf:params:xml:ns:pidf'><a/><p:a xmlns:p='x' p:b=''/></p:a>").unwrap();
        assert_eq!(root.namespace, Namespace::Pidf);
        assert_eq!(root.children[0].namespace, Namespace::None);
        assert_eq!(root.children[1].namespace, Namespace::Other);
        assert_eq!(root.children[1].attributes[0].namespace, Namespace::Other);
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for bad in [
            "",
            " ",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "x<a/>",
            "<a/>x",
            "<a b=1/>",
            "<a b='' b=''/>",
            "<p:a/>",
            "<a p:b=''/>",
            "<a>\u{1}</a>",
            "<a>&#1;</a>",
            "<a>&#0;</a>",
            "<a b='&#27;'/>",
            "<a>\u{ffff}</a>",
            "&amp;<a/>",
            "<a/><![CDATA[ ]]>",
            " <?xml version='1.0'?><a/>",
            "<?xml version='1.0' encoding='utf-16'?><a/>",
            "<a b='<'/>",
        ] {
            assert_eq!(refused(bad), Unreadable::NotXml, "{bad:?}");
        }
        assert_eq!(parse(b"<a>\xff</a>").unwrap_err(), Unreadable::NotXml);
    }

    #[test]
    fn document_types_and_entities_are_refused() {
        assert_eq!(refused("<!DOCTYPE a><a/>"), Unreadable::Doctype);
        let laughs = "<!DOCTYPE a [<!ENTITY b 'ha'><!ENTITY c '&b;&b;&b;&b;'>]><a>&c;</a>";
        assert_eq!(refused(laughs), Unreadable::Doctype);
        assert_eq!(refused("<a>&b;</a>"), Unreadable::UnknownReference);
        assert_eq!(refused("<a b='&c;'/>"), Unreadable::UnknownReference);
    }

    #[test]
    fn each_limit_holds_to_the_element() {
        let nested = |n: usize| "<a>".repeat(n) + &"</a>".repeat(n);
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(refused(&nested(MAX_DEPTH + 1)), Unreadable::TooDeep);
        let wide = |n: usize| format!("<a>{}</a>", "<a/>".repeat(n - 1));
        assert!(parse(wide(MAX_ELEMENTS).as_bytes()).is_ok());
        assert_eq!(refused(&wide(MAX_ELEMENTS + 1)), Unreadable::TooMany("elements"));
        let long = |n: usize| format!("<a>{}</a>", " ".repeat(n - 7));
        assert!(parse(long(MAX_OCTETS).as_bytes()).is_ok());
        assert_eq!(refused(&long(MAX_OCTETS + 1)), Unreadable::TooLong);
        let attributes = |n: usize| format!("<a{}/>", (0..n).map(|i| format!(" b{i}=''")).collect::<String>());
        assert!(parse(attributes(MAX_ATTRIBUTES).as_bytes()).is_ok());
        assert_eq!(refused(&attributes(MAX_ATTRIBUTES + 1)), Unreadable::TooMany("attributes"));
    }
}
