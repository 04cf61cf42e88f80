use rusqlite::{Params, Transaction};

/// Executes one statement, prepared once for all times: making SQLite's program of it takes longer than running it.
pub fn run(step: &Transaction<'_>, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
    step.prepare_cached(sql)?.execute(params)
}
