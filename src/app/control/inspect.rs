//! What messages and documents say, without doing anything about it.

use base64::prelude::{Engine, BASE64_STANDARD};

use super::failures::usage;
use super::request::{InspectBody, InspectFile};
use super::view::{InspectView, InspectedFieldView, InspectedFileView};
use super::Control;
use crate::agent::OPTION_TAG;
use crate::vocab::{escape, Failure};
use crate::{presence, sdp, sip};

impl Control {
    pub fn inspect(&self, kind: &str, body: &InspectBody) -> Result<InspectView, Failure> {
        inspect(kind, body)
    }
}

/// `kind` is `sip`, `pidf` or `sdp`. A file that breaks the rules is no failure; that is what was to be found out.
pub fn inspect(kind: &str, body: &InspectBody) -> Result<InspectView, Failure> {
    let look = inspector(kind)?;
    let files = body.files.iter().map(|file| inspect_file(file, look)).collect::<Result<_, _>>()?;
    Ok(InspectView { files })
}

/// What it says, line by line, and what is wrong with it.
type Findings = (Vec<(String, String)>, Vec<String>);
type Inspector = fn(&[u8]) -> InspectedFileView;

fn inspector(kind: &str) -> Result<Inspector, Failure> {
    match kind {
        "pidf" => Ok(|octets| document("pidf", pidf(octets))),
        "sdp" => Ok(|octets| document("sdp", sdp_findings(octets))),
        "sip" => Ok(sip_message),
        _ => {
            let kind = escape(&kind.chars().take(40).collect::<String>());
            Err(usage("bad-kind", format!("\"{kind}\" cannot be inspected"), "inspect", "name sip, pidf or sdp"))
        }
    }
}

fn inspect_file(file: &InspectFile, look: Inspector) -> Result<InspectedFileView, Failure> {
    let octets = BASE64_STANDARD.decode(&file.content).map_err(|error| {
        let next = "send the file's octets as base64 (RFC 4648 section 4)";
        usage("bad-base64", format!("the content is no base64: {error}"), &escape(&file.name), next)
    })?;
    Ok(InspectedFileView { file: escape(&file.name), ..look(&octets) })
}

fn document(kind: &str, (fields, problems): Findings) -> InspectedFileView {
    InspectedFileView {
        kind: Some(kind.to_owned()),
        valid: problems.is_empty(),
        problems: problems.iter().map(|problem| escape(problem)).collect(),
        fields: fields.into_iter().map(|(name, value)| InspectedFieldView { name, value: escape(&value) }).collect(),
        ..InspectedFileView::default()
    }
}

fn sip_message(octets: &[u8]) -> InspectedFileView {
    let found = sip::inspect(octets, &[OPTION_TAG]);
    InspectedFileView {
        kind: found.kind.map(str::to_owned),
        valid: found.valid,
        status: found.status,
        problems: found.problems.iter().map(|problem| escape(problem)).collect(),
        roundtrip: Some(found.roundtrip),
        method: found.method,
        call_id: found.call_id,
        cseq: found.cseq,
        via_count: Some(found.via_count as u64),
        body_len: Some(found.body_len as u64),
        ..InspectedFileView::default()
    }
}

fn sdp_findings(octets: &[u8]) -> Findings {
    let found = sdp::inspect(octets);
    let mut fields = Vec::new();
    let mut add = |name: &str, value: String| fields.push((name.to_owned(), value));
    found.origin.into_iter().for_each(|origin| add("origin", origin));
    found.media.into_iter().for_each(|media| add("media", media));
    found.address.into_iter().for_each(|address| add("address", address.to_string()));
    add("codecs", found.codecs.join(" "));
    add("rtcp-mux", found.rtcp_mux.to_string());
    add("held", found.held.to_string());
    add("roundtrip", found.roundtrip.to_string());
    for (device, octets) in found.sv_sa {
        add("x-sv-sa", format!("{device}, {octets} octets"));
    }
    (fields, found.problems)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::control::tests::Cardboard;

    fn inspect(kind: &str, content: &[u8]) -> Result<InspectView, Failure> {
        let (_agent, control) = Cardboard::new();
        let file = InspectFile { name: "a\u{7}".to_owned(), content: BASE64_STANDARD.encode(content) };
        control.inspect(kind, &InspectBody { files: vec![file] })
    }

    #[test]
    fn a_session_description_is_told_field_by_field() {
        let sdp = b"v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
            m=audio 4000 RTP/AVP 8\r\na=rtcp-mux\r\n";
        let view = inspect("sdp", sdp).unwrap();
        let file = &view.files[0];
        assert!(file.valid && file.file == "a\\u{7}", "{file:?}");
        let value = |name: &str| file.fields.iter().find(|f| f.name == name).map(|f| f.value.as_str());
        assert_eq!((value("address"), value("codecs")), (Some("192.0.2.1:4000"), Some("PCMA")));
    }

    #[test]
    fn garbage_is_told_and_is_no_failure() {
        for kind in ["pidf", "sdp"] {
            let view = inspect(kind, b"\x00\x1b[2J<").unwrap();
            assert!(!view.files[0].valid && !view.files[0].problems.is_empty(), "{view:?}");
            assert!(!format!("{view:?}").contains('\u{1b}'));
        }
    }

    #[test]
    fn what_is_no_kind_or_no_base64_is_refused() {
        assert_eq!(inspect("xml", b"").unwrap_err().code, "bad-kind");
        let (_agent, control) = Cardboard::new();
        let file = InspectFile { name: "a".to_owned(), content: "&".to_owned() };
        assert_eq!(control.inspect("sdp", &InspectBody { files: vec![file] }).unwrap_err().code, "bad-base64");
    }
}
