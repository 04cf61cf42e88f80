//! What the stories count is shown: a counter that nobody lists would be counted for nothing.

use std::collections::BTreeSet;
use std::path::Path;

use crate::collect;

#[test]
fn every_counter_of_the_agent_is_among_its_metrics() {
    let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/agent");
    let mut files = Vec::new();
    collect(&agent, &mut files);
    let mut counted = BTreeSet::new();
    for text in files.iter().map(|file| std::fs::read_to_string(file).unwrap()) {
        let names = text.split(".count(\"").skip(1).filter_map(|rest| rest.split('"').next().map(str::to_owned));
        counted.extend(names);
    }
    assert!(counted.len() > 20, "{counted:?}");
    let metrics = std::fs::read_to_string(agent.join("metrics.rs")).unwrap();
    let listed = metrics.split("const COUNTED").nth(1).and_then(|rest| rest.split("];").next()).unwrap();
    let missing: Vec<_> = counted.iter().filter(|name| !listed.contains(&format!("\"{name}\""))).collect();
    assert!(missing.is_empty(), "src/agent/metrics.rs lists none of {missing:?}");
}
