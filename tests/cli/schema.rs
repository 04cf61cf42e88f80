//! `docs/openapi.json` judges what commands print.

use serde_json::{json, Value};

use crate::process::Ran;

/// Holds the printed object against a schema of the description: it is valid, and has no field that is not described.
#[track_caller]
pub fn check(ran: &Ran, schema: &str) -> Value {
    let value = ran.json();
    let description: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    assert!(description["components"]["schemas"][schema].is_object(), "there is no schema {schema}");
    let whole = json!({
        "$ref": format!("#/components/schemas/{schema}"),
        "components": description["components"],
        "unevaluatedProperties": false,
    });
    let validator = jsonschema::draft202012::new(&whole).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{schema}: {wrong:?} in {value:#}");
    value
}

/// A failure with this code and exit code, whole and as described.
#[track_caller]
pub fn refused(ran: Ran, exit: i32, code: &str) -> Value {
    let value = check(&ran, "ErrorBody");
    assert_eq!((ran.code, value["error"]["code"].as_str()), (exit, Some(code)), "{ran:?}");
    for field in ["message", "subject", "next"] {
        assert_ne!(value["error"][field], "", "{field}: {value}");
    }
    value["error"].clone()
}
