//! kill -9 around a registration. The child is this test program itself, told by the environment what to do.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

const ROLE: &str = "SOTTOVOCE_TEST_CHILD";
const DIRECTORY: &str = "SOTTOVOCE_TEST_DIR";

#[test]
fn killed_right_after_the_answer_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, said) = child("after", dir.path());
    assert_eq!(said, "registered 1");
    child.kill().unwrap();
    child.wait().unwrap();
    let (_store, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!((loaded.generation, loaded.entries.len()), (Generation(1), 1));
    assert_eq!(loaded.entries[0].entries().len(), 2, "both directions");
}

#[test]
fn killed_before_the_commit_the_old_policy_is_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _, _) = on_disk(dir.path()).unwrap();
    run(&store, registering(vec![entry(Direction::Out, Action::None)])).unwrap();
    close(&store);
    let (mut child, said) = child("before", dir.path());
    assert_eq!(said, "applied 2");
    child.kill().unwrap();
    child.wait().unwrap();
    let (store, loaded, _) = on_disk(dir.path()).unwrap();
    assert_eq!((loaded.generation, loaded.entries.len()), (Generation(1), 1));
    assert_eq!(loaded.entries[0].entries()[0].action, Action::None);
    let audits = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(store.audit(10, None));
    assert_eq!(audits.unwrap().len(), 1);
}

/// Does nothing unless it runs in a child of the tests above.
#[test]
fn child_that_is_killed() {
    let (Ok(role), Some(dir)) = (std::env::var(ROLE), std::env::var_os(DIRECTORY)) else { return };
    let dir = data_dir::DataDir::claim(Path::new(&dir)).unwrap();
    let out = entry(Direction::Out, ah_and_esp());
    let op = registering(vec![out.clone(), out.mirror()]);
    if role == "after" {
        let (store, ..) = Store::open_database(Some(dir)).unwrap();
        let Ok(Stored::Registered { generation, .. }) = run(&store, op) else { panic!() };
        println!("\nregistered {}", generation.0);
        wait_for_death();
    }
    let mut database = schema::open(Some(&dir.database_path())).unwrap();
    let step = database.transaction().unwrap();
    let Ok(Stored::Registered { generation, .. }) = ops::apply(&step, &op) else { panic!() };
    println!("\napplied {}", generation.0);
    wait_for_death();
}

fn wait_for_death() -> ! {
    loop {
        std::thread::park();
    }
}

/// A child in `role`, and what it said before it waits.
fn child(role: &str, dir: &Path) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "io::store::tests::crash::child_that_is_killed", "--nocapture"])
        .env(ROLE, role)
        .env(DIRECTORY, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = lines.map(Result::unwrap).find(|line| line.starts_with("registered") || line.starts_with("applied"));
    (child, said.expect("the child says how far it came"))
}

fn close(store: &Store) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(store.close());
}
