//! What messages and documents say, without doing anything about it.

use base64::prelude::{Engine, BASE64_STANDARD};

use super::failures::usage;
use super::request::{InspectBody, InspectFile};
use super::view::{InspectView, InspectedFieldView, InspectedFileView};
use super::Control;
use crate::presence;
use crate::vocab::{escape, Failure};

impl Control {
    /// `kind` is `sip`, `pidf` or `sdp`. A file that breaks the rules is no failure; that is what was to be found out.
    pub fn inspect(&self, kind: &str, body: &InspectBody) -> Result<InspectView, Failure> {
        let look = inspector(kind)?;
        let files = body.files.iter().map(|file| inspect_file(file, look)).collect::<Result<_, _>>()?;
        Ok(InspectView { kind: kind.to_owned(), files })
    }
}

/// What it says, line by line, and what is wrong with it.
type Findings = (Vec<(String, String)>, Vec<String>);
type Inspector = fn(&[u8]) -> Findings;

fn inspector(kind: &str) -> Result<Inspector, Failure> {
    match kind {
        "pidf" => Ok(pidf),
        _ => {
            let kind = escape(&kind.chars().take(40).collect::<String>());
            Err(usage("bad-kind", format!("\"{kind}\" cannot be inspected"), "inspect", "Name sip, pidf or sdp."))
        }
    }
}

fn inspect_file(file: &InspectFile, look: Inspector) -> Result<InspectedFileView, Failure> {
    let octets = BASE64_STANDARD.decode(&file.content).map_err(|error| {
        let next = "Send the file's octets as base64 (RFC 4648 section 4).";
        usage("bad-base64", format!("the content is no base64: {error}"), &escape(&file.name), next)
    })?;
    let (fields, problems) = look(&octets);
    Ok(InspectedFileView {
        name: escape(&file.name),
        ok: problems.is_empty(),
        fields: fields.into_iter().map(|(name, value)| InspectedFieldView { name, value: escape(&value) }).collect(),
        problems: problems.iter().map(|problem| escape(problem)).collect(),
    })
}

fn pidf(octets: &[u8]) -> Findings {
    let found = presence::inspect(octets);
    let mut fields = Vec::new();
    fields.extend(found.entity.as_ref().map(|entity| ("entity".to_owned(), entity.to_string())));
    for tuple in &found.tuples {
        tuple_fields(tuple, &mut fields);
    }
    (fields, found.problems)
}

fn tuple_fields(tuple: &presence::InspectedTuple, fields: &mut Vec<(String, String)>) {
    let mut add = |name: &str, value: String| fields.push((format!("tuple {} {name}", tuple.id), value));
    if let Some(contact) = &tuple.contact {
        add("contact", contact.to_string());
    }
    add("signature", if tuple.signature_valid { "valid" } else { "not valid" }.to_owned());
    if let Some(hash) = &tuple.statement_hash {
        add("statement-hash", hash.to_string());
    }
    for line in tuple.canonical_text.iter().flat_map(|text| text.lines()) {
        add("canonical", line.to_owned());
    }
}
